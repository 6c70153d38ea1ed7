import { constants, hostname, setPriority } from "node:os";
import type { Config } from "../config/config.ts";
import { type Monitor, openMonitor } from "../monitor/open.ts";
import { answerFrom, replaySnapshots } from "../monitor/replay.ts";
import { runTicks, type Wishes } from "../monitor/ticks.ts";
import { namesOfSnapshot } from "../query/filter-snapshot.ts";
import { formatGroupBy } from "../query/group-by.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { parseSort, selectRows } from "../view/rows.ts";
import { formatSafe } from "../view/text.ts";
import { type QuestionFlags, questionOf, recordedQuestion } from "./question.ts";

/** The parsed flags that decide which snapshots there are. */
export interface SnapshotQuestion extends QuestionFlags {
  readonly configuration: Config;
  readonly interval: number;
  readonly count?: number | undefined;
  readonly sort?: string | undefined;
  readonly rows?: number | undefined;
  readonly from?: string | undefined;
  readonly quiet?: boolean | undefined;
}

/** Wishes of one who also wants to know the monitor that they go to. */
export interface MonitorWishes extends Wishes {
  watch(monitor: Monitor): void;
}

/** Snapshots of this host, or the saved ones. Whoever stops reading early closes the probe by that. */
export function openSnapshots(
  question: SnapshotQuestion,
  firstIntervalMs: number,
  signal: AbortSignal,
  wishes?: MonitorWishes,
): AsyncGenerator<Snapshot> {
  return question.from === undefined
    ? trace(question, firstIntervalMs, signal, wishes)
    : replay(question, question.from, signal);
}

async function* trace(
  question: SnapshotQuestion,
  firstIntervalMs: number,
  signal: AbortSignal,
  wishes: MonitorWishes | undefined,
): AsyncGenerator<Snapshot> {
  const monitor = openMonitor({
    config: question.configuration,
    question: questionOf(question, question.configuration),
  });
  wishes?.watch(monitor);
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
      wishes,
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
  for await (const saved of openRecording(question, path, signal)) {
    // what can be asked is what was saved, also tags that somebody else defined
    const { groupBy, filter } = recordedQuestion(question, namesOfSnapshot(saved));
    yield answerFrom(saved, { groupBy, filter });
  }
}

/** Saved snapshots as they were saved, as many as were asked for. */
export async function* openRecording(
  { count }: Pick<SnapshotQuestion, "count">,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Snapshot> {
  let given = 0;
  for await (const saved of replaySnapshots(path)) {
    if (signal.aborted || given === count) return;
    given++;
    yield saved;
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

/** Fails before anything is traced when the question makes no sense or the column to sort by will not be there. */
export function checkQuestion({ sort, from, configuration, ...flags }: SnapshotQuestion): void {
  if (from !== undefined) return;
  const { groupBy } = questionOf(flags, configuration);
  if (sort !== undefined) parseSort(sort, formatGroupBy(groupBy));
}
