import { NpmonError } from "../error/error.ts";
import { createSnapshotDecoder } from "../snapshot/decode.ts";
import { readLines } from "../snapshot/lines.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";

/**
 * Saved snapshots, in the order of the file, as fast as they are asked for. What stands before a damaged line is
 * given before the error.
 * @throws NpmonError `input_file` naming file and line
 */
export async function* replaySnapshots(path: string): AsyncGenerator<Snapshot> {
  const decode = createSnapshotDecoder();
  let number = 0;
  let found = false;
  for await (const line of readLines(path)) {
    number++;
    if (line.trim() === "") continue;
    found = true;
    yield decode(line, `${path} line ${number}`);
  }
  if (!found) {
    throw new NpmonError(
      "input_file",
      `${path}: the file is empty`,
      "Saved snapshots are made by `npmon export --json -o FILE`.",
    );
  }
}

/** Resolves after `ms`, or at once when the signal says stop. */
export function sleepUntilAborted(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
