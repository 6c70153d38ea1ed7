import { NetlinkSocket } from "../../ebpf/netlink.ts";
import { diagError, NETLINK_SOCK_DIAG, sockDiagFailure } from "./diag-error.ts";
import { type OnMessage, readDatagram } from "./netlink-message.ts";

/** SKNLGRP_INET_TCP_DESTROY (1) and SKNLGRP_INET6_TCP_DESTROY (3) of <linux/sock_diag.h>. */
const DESTROYED_TCP = (1 << 0) | (1 << 2);
/** A message takes about 1 KiB of it. */
const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;
const DATAGRAM_BYTES = 32 * 1024;
const ENOBUFS = 105;
/** Messages taken at a time, so that a host that closes sockets faster than this reads cannot hold it. */
const MAX_DATAGRAMS = 65_536;

/**
 * The kernel's word that a TCP socket is being destroyed, with its last counters (Linux 4.2, for any user; the
 * `ss --events` of iproute2). Asked for from the time it is opened; costs the kernel nothing while nobody asks.
 */
export class Endings {
  readonly #socket: NetlinkSocket;
  readonly #datagram = new DataView(new ArrayBuffer(DATAGRAM_BYTES));
  readonly #bytes = new Uint8Array(this.#datagram.buffer);
  #drops = 0;
  /** The kernel has dropped some. It does not say so again for each: from then on its count is read every time. */
  #overrun = false;

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /**
   * @param receiveBytes - how much the kernel may keep until {@link drain}
   * @throws NpmonError `unsupported` or `privilege`
   */
  static open(receiveBytes = RECEIVE_BUFFER_BYTES): Endings {
    try {
      return new Endings(
        NetlinkSocket.open({
          protocol: NETLINK_SOCK_DIAG,
          groups: DESTROYED_TCP,
          receiveBytes,
        }),
      );
    } catch (cause) {
      throw sockDiagFailure(cause);
    }
  }

  /**
   * Hands over what has come since the last call.
   *
   * @returns how many were dropped, because they came faster than they were taken
   */
  drain(onMessage: OnMessage): number {
    for (let taken = 0; taken < MAX_DATAGRAMS; taken++) {
      const length = this.#socket.receive(this.#bytes);
      if (length === 0) break;
      if (length === -ENOBUFS) this.#overrun = true;
      else if (length < 0) throw diagError(-length);
      else readDatagram(this.#datagram, length, 0, onMessage);
    }
    return this.#overrun ? this.#newDrops() : 0;
  }

  close(): void {
    this.#socket.close();
  }

  /** Where the kernel's count cannot be read, an overrun counts as one. */
  #newDrops(): number {
    const drops = this.#socket.drops();
    const fresh = drops === null ? 1 : drops - this.#drops;
    this.#drops += fresh;
    if (drops === null) this.#overrun = false;
    return fresh;
  }
}
