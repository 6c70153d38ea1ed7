import { EbpfError } from "../../ebpf/index.ts";
import { NetlinkSocket } from "../../ebpf/netlink.ts";
import { NpmonError } from "../../error/error.ts";
import { diagError, NETLINK_SOCK_DIAG, sockDiagFailure } from "./diag-error.ts";
import {
  LITTLE_ENDIAN,
  MESSAGE_HEADER_BYTES,
  type OnMessage,
  readDatagram,
  SOCK_DIAG_BY_FAMILY,
} from "./netlink-message.ts";

/** More than the 32 KiB that a kernel puts into one datagram of a dump (af_netlink.c, netlink_dump). */
export const DATAGRAM_BYTES = 256 * 1024;
const RECEIVE_BUFFER_BYTES = 1024 * 1024;

const NLM_F_REQUEST = 1;
const NLM_F_DUMP = 0x300;
const IPPROTO_TCP = 6;
/** `struct inet_diag_req_v2`: family, protocol, extensions, padding, states, and an empty socket id. */
const REQUEST_BYTES = 56;
const STATES_OFFSET = MESSAGE_HEADER_BYTES + 4;

const ATTEMPTS = 3;
const EAGAIN = 11;
/** ENOMEM, EBUSY, EBADMSG, EMSGSIZE, ENOBUFS: the dump broke off, a fresh one may not. */
const PASSING: ReadonlySet<number> = new Set([EAGAIN, 12, 16, 74, 90, 105]);

export interface DumpRequest {
  /** AF_INET or AF_INET6. */
  readonly family: number;
  /** Mask of the TCP states to list. */
  readonly states: number;
  /** Number of the attribute to add to each socket, 0 for none. */
  readonly extension: number;
}

/** Asks the kernel for all its TCP sockets of some states, as often as wanted. Inert until the first `run`. */
export class SocketDump {
  readonly #request = new DataView(new ArrayBuffer(MESSAGE_HEADER_BYTES + REQUEST_BYTES));
  readonly #datagram = new DataView(new ArrayBuffer(DATAGRAM_BYTES));
  readonly #bytes = new Uint8Array(this.#datagram.buffer);
  #socket: NetlinkSocket | null = null;
  #sequence = 0;

  /**
   * One dump. A socket can be given twice, when the dump had to be repeated or the kernel's table moved under it.
   *
   * @returns false when the kernel said each time that its table changed meanwhile: sockets may be missing
   * @throws NpmonError `unsupported`, `privilege` or `internal`
   */
  run(request: DumpRequest, onMessage: OnMessage): boolean {
    this.#encode(request);
    for (let attempt = 1; ; attempt++) {
      const { errno, interrupted } = this.#attempt(onMessage);
      if (errno === 0 && !interrupted) return true;
      // A dump that broke off keeps the socket busy; a new one owes nothing to the old.
      this.close();
      if (errno !== 0 && !PASSING.has(errno)) throw diagError(errno);
      if (attempt < ATTEMPTS) continue;
      if (errno !== 0) throw diagError(errno);
      return false;
    }
  }

  /** Idempotent; a later `run` opens it again. */
  close(): void {
    this.#socket?.close();
    this.#socket = null;
  }

  #encode({ family, states, extension }: DumpRequest): void {
    const request = this.#request;
    request.setUint32(0, request.byteLength, LITTLE_ENDIAN);
    request.setUint16(4, SOCK_DIAG_BY_FAMILY, LITTLE_ENDIAN);
    request.setUint16(6, NLM_F_REQUEST | NLM_F_DUMP, LITTLE_ENDIAN);
    request.setUint8(MESSAGE_HEADER_BYTES, family);
    request.setUint8(MESSAGE_HEADER_BYTES + 1, IPPROTO_TCP);
    request.setUint8(MESSAGE_HEADER_BYTES + 2, extension === 0 ? 0 : 1 << (extension - 1));
    request.setUint32(STATES_OFFSET, states, LITTLE_ENDIAN);
  }

  #attempt(onMessage: OnMessage): { readonly errno: number; readonly interrupted: boolean } {
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.#request.setUint32(8, this.#sequence, LITTLE_ENDIAN);
    let interrupted = false;
    try {
      this.#socket ??= NetlinkSocket.open({
        protocol: NETLINK_SOCK_DIAG,
        receiveBytes: RECEIVE_BUFFER_BYTES,
      });
      this.#socket.send(new Uint8Array(this.#request.buffer));
      for (;;) {
        // The kernel makes the next datagram while it hands over this one, so there is always one until the end.
        const length = this.#socket.receive(this.#bytes);
        if (length <= 0) return { errno: length === 0 ? EAGAIN : -length, interrupted };
        const progress = readDatagram(this.#datagram, length, this.#sequence, onMessage);
        interrupted ||= progress.interrupted;
        if (progress.done) return { errno: progress.errno, interrupted };
      }
    } catch (cause) {
      this.close();
      if (cause instanceof NpmonError || !(cause instanceof EbpfError)) throw cause;
      throw sockDiagFailure(cause);
    }
  }
}
