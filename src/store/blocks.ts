import {
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { syncFile, syncFolder } from "./durable.ts";
import { hashOf } from "./flatten.ts";

/** One snapshot in a segment of the journal; see {@link flattenSnapshot}. */
export interface Block {
  readonly id: string;
  readonly startMs: number;
  /** Of the segment, bytes. */
  readonly from: number;
  readonly to: number;
}

const HEAD = /^([0-9a-f-]{36})\t(\d{1,10})\t([0-9a-f]{40})\t(-?\d{1,16})\t/;
const MAX_HEAD_BYTES = 36 + 10 + 40 + 17 + 4;
const NEWLINE = 10;

/** What an operator finds. */
const DAMAGED = "damaged-";

/** The whole snapshots of a segment, in order; what is damaged in between is passed over. */
export function blocksIn(bytes: Buffer): readonly Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at < bytes.length; ) {
    const block = blockAt(bytes, at);
    if (block !== null) {
      blocks.push(block);
      at = block.to;
      continue;
    }
    // a head follows the end of a line
    const newline = bytes.indexOf(NEWLINE, at);
    if (newline < 0) break;
    at = newline + 1;
  }
  return blocks;
}

function blockAt(bytes: Buffer, from: number): Block | null {
  const match = HEAD.exec(bytes.toString("latin1", from, from + MAX_HEAD_BYTES));
  if (match === null) return null;
  const [, id = "", length = "", hash = "", startMs = ""] = match;
  const start = from + id.length + length.length + hash.length + 3;
  const to = start + Number(length);
  if (to > bytes.length || hashOf(id, bytes.subarray(start, to)) !== hash) return null;
  return { id, startMs: Number(startMs), from, to };
}

/**
 * Cuts what was never whole off the end. What is damaged before that was acknowledged once: the file as it was is kept
 * beside it as `damaged-…`, and the segment has the rest. Can be done again at any point of it.
 * @returns the blocks that are left, and how many bytes are damaged
 */
export function mendSegment(path: string): {
  readonly blocks: readonly Block[];
  readonly damagedBytes: number;
} {
  const bytes = readFileSync(path);
  const blocks = blocksIn(bytes);
  const end = blocks.at(-1)?.to ?? 0;
  const whole = blocks.reduce((sum, { from, to }) => sum + to - from, 0);
  if (whole < end) {
    setAside(path, Buffer.concat(blocks.map(({ from, to }) => bytes.subarray(from, to))));
  } else if (end < bytes.length) {
    truncateSync(path, end);
    syncFile(path);
  }
  return { blocks, damagedBytes: end - whole };
}

/** Keeps the segment under a name that is not read; `rest` takes its place. */
export function setAside(path: string, rest: Buffer): void {
  const name = path.slice(dirname(path).length + 1);
  writeFileSync(`${path}.tmp`, rest, { mode: 0o600 });
  syncFile(`${path}.tmp`);
  const kept = join(dirname(path), `${DAMAGED}${name}`);
  rmSync(kept, { force: true });
  linkSync(path, kept);
  renameSync(`${path}.tmp`, path);
  syncFolder(dirname(path));
}

/** Files that were set aside in a folder. */
export function damagedIn(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => name.startsWith(DAMAGED));
}

export function damagedName(name: string): string {
  return `${DAMAGED}${name}`;
}
