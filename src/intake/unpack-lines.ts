import type { Duplex } from "node:stream";
import zlib from "node:zlib";
import { Refusal, tooLarge } from "./refusal.ts";

export interface UnpackLimits {
  /** Of all lines. */
  readonly maxBytes: number;
  readonly maxLineBytes: number;
}

/** Empty ones count. A forwarder sends 64 at most. */
export const MAX_LINES = 10_000;

const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 10;

export interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

/**
 * The lines of a body that are not empty. Memory is bounded by the longest line, time by the limits, whatever a small
 * body would unpack to.
 * @throws Refusal 413, 415, or 400 for what cannot be unpacked
 */
export async function* unpackLines(
  body: Buffer,
  encoding: string,
  { maxBytes, maxLineBytes }: UnpackLimits,
): AsyncGenerator<Line> {
  let unpacked = 0;
  let number = 1;
  let parts: Buffer[] = [];
  let length = 0;
  const end = (last: Buffer): Line => {
    const text = Buffer.concat([...parts, last]).toString("utf8");
    parts = [];
    length = 0;
    return { text, number: number++ };
  };
  for await (const chunk of unpack(body, encoding)) {
    unpacked += chunk.length;
    if (unpacked > maxBytes) throw tooLarge(maxBytes, "the body, unpacked,");
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
      const line = end(chunk.subarray(start, at));
      if (line.number > MAX_LINES) throw tooManyLines();
      if (line.text.trim() !== "") yield line;
      start = at + 1;
    }
    parts.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > maxLineBytes) throw tooLarge(maxLineBytes, `line ${number}, unpacked,`);
  }
  const last = end(Buffer.alloc(0));
  if (last.text.trim() !== "") yield last;
}

async function* unpack(body: Buffer, encoding: string): AsyncGenerator<Buffer> {
  const unpacker = openUnpacker(encoding);
  if (unpacker === null) {
    for (let start = 0; start < body.length; start += CHUNK_BYTES) {
      yield body.subarray(start, start + CHUNK_BYTES);
    }
    return;
  }
  unpacker.end(body);
  const chunks = unpacker[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const next = await chunks.next().catch(() => {
        throw new Refusal(
          400,
          "unreadable",
          `the body is not ${encoding}, or is cut off`,
          "Send it again whole.",
        );
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    unpacker.destroy();
  }
}

function openUnpacker(encoding: string): Duplex | null {
  if (encoding === "identity" || encoding === "") return null;
  if (encoding === "gzip") return zlib.createGunzip({ chunkSize: CHUNK_BYTES });
  const { createZstdDecompress } = zlib as unknown as { createZstdDecompress?: () => Duplex };
  if (encoding === "zstd" && createZstdDecompress !== undefined) return createZstdDecompress();
  throw new Refusal(415, "unsupported", "this content-encoding is not known here", "Use gzip or identity.");
}

function tooManyLines(): Refusal {
  return new Refusal(
    413,
    "too_large",
    `the body has more than ${MAX_LINES} lines`,
    "Send fewer snapshots at once.",
  );
}
