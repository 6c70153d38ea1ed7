import { isUtf8 } from "node:buffer";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { Body } from "./body.ts";
import { beginSnapshot, endSnapshot, type FlatSnapshot } from "./flatten.ts";
import { RowScanner } from "./scan-rows.ts";

const FLOWS = Buffer.from('"flows":[');

/** What stands before the rows is some 700 bytes. */
const MAX_HEAD_BYTES = 64 * 1024;
const MAX_TAIL_BYTES = 16;

/** A snapshot that is flat already, and what it says of itself. */
export interface FlatLine {
  /** Without its rows. */
  readonly snapshot: Snapshot;
  readonly flat: FlatSnapshot;
}

/**
 * Makes of the JSON of a snapshot what `flattenSnapshot` makes of it, if it is written as npmon writes it: then nearly all
 * of it need not become values. Only what comes before the rows is decoded.
 * @returns `null` for anything else, be it a good snapshot or none: then the whole has to be decoded
 */
export function flattenLine(
  line: Buffer,
  decode: (text: string, place: string) => Snapshot,
  maxRows: number,
): FlatLine | null {
  const at = line.indexOf(FLOWS);
  if (at < 0 || at > MAX_HEAD_BYTES || !isUtf8(line)) return null;
  const snapshot = tryDecode(`${line.toString("utf8", 0, at)}"flows":[]}`, decode);
  if (snapshot === null) return null;
  const body = new Body();
  const { before, intervalMs } = beginSnapshot(snapshot, body);
  const end = new RowScanner(line, at + FLOWS.length - 1, body, before, intervalMs).scan(maxRows);
  // with nothing behind them the rows are those of the snapshot itself, and no others come after
  if (end === null || line.length - end > MAX_TAIL_BYTES) return null;
  if (line.toString("latin1", end).trim() !== "}") return null;
  return { snapshot, flat: endSnapshot(snapshot, body) };
}

function tryDecode(text: string, decode: (text: string, place: string) => Snapshot): Snapshot | null {
  try {
    return decode(text, "");
  } catch {
    return null;
  }
}
