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

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** @throws NpmonError `unsupported` or `privilege` */
  static open(): Endings {
    try {
      return new Endings(
        NetlinkSocket.open({
          protocol: NETLINK_SOCK_DIAG,
          groups: DESTROYED_TCP,
          receiveBytes: RECEIVE_BUFFER_BYTES,
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
    let dropped = 0;
    for (let taken = 0; taken < MAX_DATAGRAMS; taken++) {
      const length = this.#socket.receive(this.#bytes);
      if (length === 0) break;
      if (length === -ENOBUFS) dropped += this.#newDrops();
      else if (length < 0) throw diagError(-length);
      else readDatagram(this.#datagram, length, 0, onMessage);
    }
    return dropped;
  }

  close(): void {
    this.#socket.close();
  }

  /** At least one: the kernel said so. */
  #newDrops(): number {
    const drops = this.#socket.drops() ?? this.#drops + 1;
    const fresh = Math.max(1, drops - this.#drops);
    this.#drops = Math.max(drops, this.#drops);
    return fresh;
  }
}
