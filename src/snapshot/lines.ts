import { createReadStream } from "node:fs";
import { NpmonError } from "../error/error.ts";

/** A snapshot of 100,000 ungrouped flows is some 80 MB. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;

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
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
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
