import { constants, hostname, setPriority } from "node:os";
import { regroup } from "../aggregate/regroup.ts";
import type { Config } from "../config/config.ts";
import { NpmonError } from "../error/error.ts";
import { openMonitor } from "../monitor/open.ts";
import { replaySnapshots } from "../monitor/replay.ts";
import { runTicks } from "../monitor/ticks.ts";
import { formatGroupBy, type GroupBy } from "../query/group-by.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { parseSort, selectRows } from "../view/rows.ts";
import { formatSafe } from "../view/text.ts";

/** The parsed flags that decide which snapshots there are. */
export interface SnapshotQuestion {
  readonly configuration: Config;
  readonly "group-by"?: GroupBy | undefined;
  readonly interval: number;
  readonly count?: number | undefined;
  readonly pid?: number | undefined;
  readonly ipv4?: boolean | undefined;
  readonly ipv6?: boolean | undefined;
  readonly sort?: string | undefined;
  readonly rows?: number | undefined;
  readonly from?: string | undefined;
  readonly quiet?: boolean | undefined;
}

/** Snapshots of this host, or the saved ones. Whoever stops reading early closes the probe by that. */
export function openSnapshots(
  question: SnapshotQuestion,
  firstIntervalMs: number,
  signal: AbortSignal,
): AsyncGenerator<Snapshot> {
  return question.from === undefined
    ? trace(question, firstIntervalMs, signal)
    : replay(question, question.from, signal);
}

async function* trace(
  question: SnapshotQuestion,
  firstIntervalMs: number,
  signal: AbortSignal,
): AsyncGenerator<Snapshot> {
  const monitor = openMonitor({
    config: question.configuration,
    pid: question.pid ?? null,
    family: question.ipv4 ? "ipv4" : question.ipv6 ? "ipv6" : null,
  });
  try {
    monitor.start();
    goFirst();
    if (!question.quiet) {
      const why = monitor.reason === null ? "" : `: ${monitor.reason}`;
      process.stderr.write(
        formatSafe(`npmon: tracing ${hostname()} with the ${monitor.tier} tier${why}`).concat("\n"),
      );
    }
    yield* runTicks(monitor, {
      intervalMs: question.interval,
      firstIntervalMs,
      count: question.count ?? Number.POSITIVE_INFINITY,
      signal,
    });
  } finally {
    monitor.close();
  }
}

/**
 * Closed connections wait in a buffer of the kernel, and on a host that is short of CPU, which is when people look,
 * npmon must get to it in time. It needs little; an ordinary user may not ask for it and does without.
 */
function goFirst(): void {
  try {
    setPriority(constants.priority.PRIORITY_ABOVE_NORMAL);
  } catch {}
}

async function* replay(
  question: SnapshotQuestion,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Snapshot> {
  for (const flag of ["pid", "ipv4", "ipv6"] as const) {
    if (question[flag]) {
      throw new NpmonError(
        "usage",
        `--${flag} cannot be used with --from`,
        "Saved snapshots are already counted.",
      );
    }
  }
  let given = 0;
  for await (const snapshot of replaySnapshots(path)) {
    if (signal.aborted || given === question.count) return;
    given++;
    yield question["group-by"] === undefined ? snapshot : regroup(snapshot, question["group-by"]);
  }
}

/** The snapshot with the rows that were asked for, in the order that was asked for. */
export function chooseRows(
  snapshot: Snapshot,
  { sort, rows }: Pick<SnapshotQuestion, "sort" | "rows">,
): Snapshot {
  if (sort === undefined && rows === undefined) return snapshot;
  const flows = selectRows(snapshot, { sort, rows }).map((row) => row.flow);
  return Object.freeze({ ...snapshot, flows });
}

/** Fails before anything is traced when the column to sort by will not be there. */
export function checkSort({ sort, from, configuration, ...question }: SnapshotQuestion): void {
  if (sort === undefined || (from !== undefined && question["group-by"] === undefined)) return;
  parseSort(sort, formatGroupBy(configuration.groupBy));
}
