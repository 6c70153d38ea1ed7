import { endianness } from "node:os";

/** Netlink speaks in the byte order of the host. */
export const LITTLE_ENDIAN = endianness() === "LE";

// <linux/netlink.h>, <linux/sock_diag.h>
export const MESSAGE_HEADER_BYTES = 16;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
export const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_DUMP_INTR = 0x10;
const EBADMSG = 74;

/** Is given the payload of one message; it lies inside the view. */
export type OnMessage = (view: DataView, offset: number, length: number) => void;

/** What a datagram says of the dump that it belongs to. */
export interface DumpProgress {
  /** The dump has ended, well or with `errno`. */
  readonly done: boolean;
  /** The kernel's table changed under the dump (NLM_F_DUMP_INTR): what it gave may not fit together. */
  readonly interrupted: boolean;
  /** 0, or why the dump ended. EBADMSG: the datagram is not made of netlink messages. */
  readonly errno: number;
}

/**
 * Hands over the socket messages of one datagram, and stops at the end of the dump. Messages of another sequence
 * number are left out. Never reads beyond `length`, whatever the bytes say.
 */
export function readDatagram(
  view: DataView,
  length: number,
  sequence: number,
  onMessage: OnMessage,
): DumpProgress {
  const end = Math.min(length, view.byteLength);
  let interrupted = false;
  let offset = 0;
  while (end - offset >= MESSAGE_HEADER_BYTES) {
    const size = view.getUint32(offset, LITTLE_ENDIAN);
    if (size < MESSAGE_HEADER_BYTES || size > end - offset) break;
    if (view.getUint32(offset + 8, LITTLE_ENDIAN) === sequence) {
      const type = view.getUint16(offset + 4, LITTLE_ENDIAN);
      const payload = offset + MESSAGE_HEADER_BYTES;
      const payloadLength = size - MESSAGE_HEADER_BYTES;
      if ((view.getUint16(offset + 6, LITTLE_ENDIAN) & NLM_F_DUMP_INTR) !== 0) interrupted = true;
      if (type === NLMSG_DONE || type === NLMSG_ERROR) {
        // Both begin with a negative errno or 0. A dump callback that fails says so in NLMSG_DONE.
        const errno = payloadLength >= 4 ? 0 - view.getInt32(payload, LITTLE_ENDIAN) : 0;
        return { done: true, interrupted, errno };
      }
      if (type === SOCK_DIAG_BY_FAMILY) onMessage(view, payload, payloadLength);
    }
    offset += (size + 3) & ~3;
  }
  if (offset < end) return { done: true, interrupted, errno: EBADMSG };
  return { done: false, interrupted, errno: 0 };
}
