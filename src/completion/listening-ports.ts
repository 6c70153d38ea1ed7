import { closeSync, openSync, readSync } from "node:fs";

/** The kernel lists listening sockets before all others, of which there can be a hundred thousand. */
const MAX_BYTES = 64 * 1024;

/** `sl local_address rem_address st …` of /proc/net/tcp: the address in hexadecimal, and 0A for a socket that listens. */
const LISTENING = /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:0000 0A /gm;

/** The TCP ports that somebody in this network namespace listens on; none where that cannot be read. */
export function readListeningPorts(procRoot: string): number[] {
  return ["tcp", "tcp6"].flatMap((name) => {
    const text = readBeginning(`${procRoot}/net/${name}`);
    return [...text.matchAll(LISTENING)].map(([, port = ""]) => Number.parseInt(port, 16));
  });
}

function readBeginning(path: string): string {
  try {
    const file = openSync(path, "r");
    try {
      const buffer = Buffer.allocUnsafe(MAX_BYTES);
      return buffer.toString("latin1", 0, readSync(file, buffer, 0, MAX_BYTES, null));
    } finally {
      closeSync(file);
    }
  } catch {
    return "";
  }
}
