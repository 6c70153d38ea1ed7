import { createReadStream, statSync } from "node:fs";
import { NpmonError } from "../error/error.ts";

/** A snapshot of 100,000 ungrouped flows is some 80 MB. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;

const NEWLINE = 10;

/**
 * The lines of a file without their ends, empty ones too; `-` is standard input. Memory is bounded by the longest
 * line.
 * @throws NpmonError `input_file` when it cannot be read or a line is longer than 256 MiB
 */
export async function* readLines(path: string): AsyncGenerator<string> {
  const stream = path === "-" ? process.stdin : createReadStream(path);
  let parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        yield Buffer.concat([...parts, chunk.subarray(start, end)]).toString("utf8");
        parts = [];
        bytes = 0;
        start = end + 1;
      }
      parts.push(chunk.subarray(start));
      bytes += chunk.length - start;
      if (bytes > MAX_LINE_BYTES) {
        throw new NpmonError(
          "input_file",
          `${path}: a line is longer than 256 MiB`,
          "Saved snapshots are made by `npmon export --json -o FILE`, one on each line.",
        );
      }
    }
  } catch (cause) {
    if (cause instanceof NpmonError) throw cause;
    throw new NpmonError(
      "input_file",
      `cannot read ${path}: ${reason(cause)}`,
      "Give --from the name of a file that `npmon export --json -o FILE` wrote, or - for standard input.",
      cause,
    );
  }
  if (bytes > 0) yield Buffer.concat(parts).toString("utf8");
}

/** Larger files are not read only to be counted. */
const MAX_COUNTED_BYTES = 512 * 1024 * 1024;

/** How many lines a regular file has that are not empty; `null` where that cannot be known quickly. */
export async function countLines(path: string): Promise<number | null> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (path === "-" || stats?.isFile() !== true || stats.size > MAX_COUNTED_BYTES) return null;
  let count = 0;
  let last = NEWLINE;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, end + 1)) {
      if ((end === 0 ? last : chunk[end - 1]) !== NEWLINE) count++;
    }
    last = chunk[chunk.length - 1] ?? last;
  }
  return last === NEWLINE ? count : count + 1;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a directory",
  EACCES: "permission denied",
};

function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const code = "code" in cause ? String(cause.code) : "";
  return REASONS[code] ?? cause.message;
}
