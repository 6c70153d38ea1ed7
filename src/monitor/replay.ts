import { regroup } from "../aggregate/regroup.ts";
import { NpmonError } from "../error/error.ts";
import { type Filter, splitFilter } from "../query/filter.ts";
import { filterSnapshot } from "../query/filter-snapshot.ts";
import type { GroupBy } from "../query/group-by.ts";
import { readLines } from "../snapshot/lines.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";

/**
 * Saved snapshots, in the order of the file, as fast as they are asked for. What stands before a damaged line is
 * given before the error.
 * @throws NpmonError `input_file` naming file and line
 */
export async function* replaySnapshots(path: string): AsyncGenerator<Snapshot> {
  // The checker of schemas takes some 50 ms to load, which only those who replay are to wait.
  const { createSnapshotDecoder } = await import("../snapshot/decode.ts");
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

/**
 * What a saved snapshot says to a question, as far as it has the tags.
 * @param groupBy `null`: the rows as they were saved
 * @throws NpmonError `usage` when it lacks one
 */
export function answerFrom(
  saved: Snapshot,
  { groupBy, filter }: { readonly groupBy: GroupBy | null; readonly filter: Filter | null },
): Snapshot {
  const { flows = null, rows = null } = filter === null ? {} : splitFilter(filter);
  const chosen = flows === null ? saved : filterSnapshot(saved, flows);
  const grouped = groupBy === null ? chosen : regroup(chosen, groupBy);
  return rows === null ? grouped : filterSnapshot(grouped, rows);
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
