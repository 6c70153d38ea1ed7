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
  /** Until the next line is asked for. */
  readonly bytes: Buffer;
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
  const begun = SPARE.pop() ?? new BegunLine();
  try {
    for await (const chunk of unpack(body, encoding)) {
      unpacked += chunk.length;
      if (unpacked > maxBytes) throw tooLarge(maxBytes, "the body, unpacked,");
      let start = 0;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
        if (number > MAX_LINES) throw tooManyLines();
        const bytes = begun.end(chunk.subarray(start, at));
        if (!isBlank(bytes)) yield { bytes, number };
        number++;
        start = at + 1;
      }
      begun.add(chunk.subarray(start));
      if (begun.length > maxLineBytes) throw tooLarge(maxLineBytes, `line ${number}, unpacked,`);
    }
    const bytes = begun.end(Buffer.alloc(0));
    if (!isBlank(bytes)) yield { bytes, number };
  } finally {
    begun.length = 0;
    if (SPARE.length < MAX_SPARE && begun.capacity <= MAX_SPARE_BYTES) SPARE.push(begun);
  }
}

/** A line as far as it has come. New memory for every line would be most of what the garbage collector has to do. */
class BegunLine {
  length = 0;
  #bytes = Buffer.alloc(0);

  get capacity(): number {
    return this.#bytes.length;
  }

  add(part: Buffer): void {
    const needed = this.length + part.length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, 2 * needed));
      this.#bytes.copy(larger, 0, 0, this.length);
      this.#bytes = larger;
    }
    part.copy(this.#bytes, this.length);
    this.length = needed;
  }

  /** The whole of it, its memory used again for the next. */
  end(part: Buffer): Buffer {
    if (this.length === 0) return part;
    this.add(part);
    const line = this.#bytes.subarray(0, this.length);
    this.length = 0;
    return line;
  }
}

/** Those of bodies that are done with. */
const SPARE: BegunLine[] = [];
const MAX_SPARE = 2;
const MAX_SPARE_BYTES = 16 * 1024 * 1024;

const SPACE = 32;

function isBlank(bytes: Buffer): boolean {
  // a line that begins with a sign is not looked at to its end
  return (bytes[0] ?? 0) <= SPACE && bytes.toString("utf8").trim() === "";
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
