import { readFileSync } from "node:fs";
import { DiagMessage } from "../../../src/probe/sockdiag/diag-message.ts";
import { type DumpProgress, readDatagram } from "../../../src/probe/sockdiag/netlink-message.ts";

/** Sequence number in the recorded dumps; what the kernel sends by itself has 0. */
export const RECORDED_SEQUENCE = 7;

export type Recording = "destroyed" | "ipv4" | "ipv4-mapped" | "ipv6" | "listening" | "time-wait";

/** Bytes that fixtures/record.ts took from Linux 6.18; a copy of its own each time. */
export function recorded(name: Recording): DataView<ArrayBuffer> {
  const bytes = readFileSync(new URL(`fixtures/${name}.bin`, import.meta.url));
  return new DataView(Uint8Array.from(bytes).buffer);
}

/** Calls back with a cursor on each message, and returns what the datagram said of its dump. */
export function eachMessage(
  view: DataView,
  onMessage: (message: DiagMessage) => void,
  sequence = RECORDED_SEQUENCE,
): DumpProgress {
  const message = new DiagMessage();
  return readDatagram(view, view.byteLength, sequence, (payload, offset, length) => {
    if (message.moveTo(payload, offset, length)) onMessage(message);
  });
}
