import { decodeIpv4, decodeIpv6 } from "../../flow/address.ts";
import type { Direction, Family } from "../../flow/flow.ts";
import { LITTLE_ENDIAN } from "./netlink-message.ts";

/** Numbers of <net/tcp_states.h>. */
export const TCP_STATE = {
  established: 1,
  synSent: 2,
  finWait1: 4,
  finWait2: 5,
  close: 7,
  closeWait: 8,
  lastAck: 9,
  listen: 10,
  closing: 11,
} as const;

export const AF_INET = 2;
export const AF_INET6 = 10;

/** Offsets in `struct inet_diag_msg`, <linux/inet_diag.h>. Ports and addresses are in network byte order. */
const MESSAGE = {
  size: 72,
  family: 0,
  state: 1,
  localPort: 4,
  remotePort: 6,
  localAddress: 8,
  remoteAddress: 24,
  cookie: 44,
  inode: 68,
} as const;

const ATTRIBUTE_HEADER_BYTES = 4;
/** Attribute that holds a `struct tcp_info`; also its bit in a request. */
export const INET_DIAG_INFO = 2;

/** Offsets in `struct tcp_info`, <linux/tcp.h>, which only ever grows at its end. */
const INFO = {
  unacked: 24,
  lastDataSent: 44,
  lastDataReceived: 52,
  lastAckReceived: 56,
  rtt: 68,
  rttVar: 72,
  totalRetrans: 100,
  bytesAcked: 120,
  bytesReceived: 128,
  segsOut: 136,
  segsIn: 140,
  /** Linux 4.2: up to here everything is there. */
  leastSize: 144,
  bytesSent: 200,
  bytesRetrans: 208,
  /** Linux 4.19. */
  sizeWithBytesSent: 216,
} as const;

/** A cursor over one `inet_diag_msg` in the receive buffer: valid until the next datagram. Reading allocates nothing. */
export class DiagMessage {
  #view: DataView = new DataView(new ArrayBuffer(MESSAGE.size));
  #offset = 0;
  #info = 0;
  #infoLength = 0;

  /** @returns false, and stays where it was, when these are too few bytes for a message */
  moveTo(view: DataView, offset: number, length: number): boolean {
    if (length < MESSAGE.size || offset + length > view.byteLength) return false;
    this.#view = view;
    this.#offset = offset;
    this.#findInfo(offset + MESSAGE.size, offset + length);
    return true;
  }

  /** There is a `tcp_info` with byte counters: a TIME_WAIT remainder, which the kernel also lists, has none. */
  get hasCounters(): boolean {
    return this.#infoLength >= INFO.leastSize;
  }

  get family(): number {
    return this.#view.getUint8(this.#offset + MESSAGE.family);
  }

  /** One of {@link TCP_STATE}. */
  get state(): number {
    return this.#view.getUint8(this.#offset + MESSAGE.state);
  }

  get localPort(): number {
    return this.#view.getUint16(this.#offset + MESSAGE.localPort);
  }

  get remotePort(): number {
    return this.#view.getUint16(this.#offset + MESSAGE.remotePort);
  }

  /**
   * The kernel's number of this socket, never given twice (4.1). 53 of its 64 bits: they count sockets, so the rest
   * stays 0.
   */
  get cookie(): number {
    const low = this.#view.getUint32(this.#offset + MESSAGE.cookie, LITTLE_ENDIAN);
    const high = this.#view.getUint32(this.#offset + MESSAGE.cookie + 4, LITTLE_ENDIAN);
    return (high & 0x1f_ffff) * 2 ** 32 + low;
  }

  /** Of the socket's file; 0 when no process has one: not accepted yet, or closed. */
  get inode(): number {
    return this.#view.getUint32(this.#offset + MESSAGE.inode, LITTLE_ENDIAN);
  }

  /** Allocates. */
  localIp(): string {
    return this.#address(MESSAGE.localAddress);
  }

  /** Allocates. */
  remoteIp(): string {
    return this.#address(MESSAGE.remoteAddress);
  }

  /** Family of the addresses that travel: IPv4 for an IPv6 socket with IPv4-mapped ones. */
  flowFamily(): Family {
    return this.localIp().includes(":") ? "ipv6" : "ipv4";
  }

  /** Linux before 4.19 does not say what was sent, only what of it was acknowledged. */
  get knowsSent(): boolean {
    return this.#infoLength >= INFO.sizeWithBytesSent;
  }

  /** What left the socket for the first time: without retransmissions, SYN and FIN. 0 unless {@link knowsSent}. */
  get bytesSent(): number {
    return this.knowsSent ? this.#counter(INFO.bytesSent) - this.#counter(INFO.bytesRetrans) : 0;
  }

  /** Counts sequence numbers: also the SYN of an end that connected, and the FIN. */
  get bytesAcked(): number {
    return this.#counter(INFO.bytesAcked);
  }

  /** Counts sequence numbers: also the peer's FIN. */
  get bytesReceived(): number {
    return this.#counter(INFO.bytesReceived);
  }

  get packetsSent(): number {
    return this.#word(INFO.segsOut);
  }

  get packetsReceived(): number {
    return this.#word(INFO.segsIn);
  }

  get retransmits(): number {
    return this.#word(INFO.totalRetrans);
  }

  get rttUs(): number {
    return this.#word(INFO.rtt);
  }

  get rttVarUs(): number {
    return this.#word(INFO.rttVar);
  }

  /** Milliseconds since the socket last sent data, received data or received an acknowledgement, the shortest. */
  get idleMs(): number {
    return Math.min(
      this.#word(INFO.lastDataSent),
      this.#word(INFO.lastDataReceived),
      this.#word(INFO.lastAckReceived),
    );
  }

  /**
   * Which end began the connection, from the kernel's arithmetic alone: the SYN of the end that connected is in
   * bytes_acked, that of the end that accepted is not (its counter starts behind it), and neither is in bytes_sent.
   * `null` where that does not decide: data on their way, and Linux before 4.19.
   */
  direction(): Direction | null {
    const { state } = this;
    if (state === TCP_STATE.synSent) return "outgoing";
    if (!this.knowsSent || this.#word(INFO.unacked) !== 0) return null;
    const extra = this.bytesAcked - this.bytesSent;
    switch (state) {
      case TCP_STATE.established:
      case TCP_STATE.closeWait:
        return extra === 1 ? "outgoing" : extra === 0 ? "incoming" : null;
      case TCP_STATE.finWait2: // our FIN is acknowledged
        return extra === 2 ? "outgoing" : extra === 1 ? "incoming" : null;
      case TCP_STATE.close: // our FIN may be; 1 could be it or the SYN
        return extra === 2 ? "outgoing" : null;
      default:
        return null;
    }
  }

  #findInfo(start: number, end: number): void {
    this.#info = 0;
    this.#infoLength = 0;
    let offset = start;
    while (end - offset >= ATTRIBUTE_HEADER_BYTES) {
      const size = this.#view.getUint16(offset, LITTLE_ENDIAN);
      if (size < ATTRIBUTE_HEADER_BYTES || size > end - offset) return;
      if (this.#view.getUint16(offset + 2, LITTLE_ENDIAN) === INET_DIAG_INFO) {
        this.#info = offset + ATTRIBUTE_HEADER_BYTES;
        this.#infoLength = size - ATTRIBUTE_HEADER_BYTES;
        return;
      }
      offset += (size + 3) & ~3;
    }
  }

  #address(field: number): string {
    const decode = this.family === AF_INET ? decodeIpv4 : decodeIpv6;
    return decode(this.#view, this.#offset + field);
  }

  #word(field: number): number {
    return field + 4 <= this.#infoLength ? this.#view.getUint32(this.#info + field, LITTLE_ENDIAN) : 0;
  }

  /** Exact up to 2^53. */
  #counter(field: number): number {
    if (field + 8 > this.#infoLength) return 0;
    const low = this.#view.getUint32(this.#info + field + (LITTLE_ENDIAN ? 0 : 4), LITTLE_ENDIAN);
    const high = this.#view.getUint32(this.#info + field + (LITTLE_ENDIAN ? 4 : 0), LITTLE_ENDIAN);
    return high * 2 ** 32 + low;
  }
}
