import type { Snapshot } from "../snapshot/snapshot.ts";
import type { Monitor } from "./monitor.ts";
import { sleepUntilAborted } from "./replay.ts";

/** New processes are looked up this often, so that one that lives longer than this is seen alive. */
const POLL_MS = 100;
/** Closed connections are taken out of the kernel at least this often, however long the interval. */
const COLLECT_MS = 1000;

export interface TickOptions {
  readonly intervalMs: number;
  /** The first interval, when it should be shorter so that there is something to see. */
  readonly firstIntervalMs: number;
  /** Snapshots to give; Infinity for no end. */
  readonly count: number;
  /** Ends with what was collected so far as the last snapshot. */
  readonly signal: AbortSignal;
}

/**
 * Runs a started monitor: a snapshot every interval, on a grid, so that a slow tick does not shift the next ones.
 * Intervals that passed entirely while the reader was busy become one.
 */
export async function* runTicks(monitor: Monitor, options: TickOptions): AsyncGenerator<Snapshot> {
  const { intervalMs, count, signal } = options;
  let publishAt = performance.now() + options.firstIntervalMs;
  let collectAt = performance.now() + COLLECT_MS;
  for (let given = 0; given < count; ) {
    const next = Math.min(publishAt, performance.now() + POLL_MS);
    await sleepUntilAborted(Math.max(0, next - performance.now()), signal);
    const early = monitor.poll();
    const now = performance.now();
    if (signal.aborted || now >= publishAt) {
      given++;
      const last = signal.aborted || given === count;
      monitor.collect(last);
      yield monitor.publish();
      if (last) return;
      publishAt += intervalMs * Math.max(1, Math.ceil((performance.now() - publishAt) / intervalMs));
      collectAt = performance.now() + COLLECT_MS;
    } else if (early || now >= collectAt) {
      monitor.collect();
      collectAt = performance.now() + COLLECT_MS;
    }
  }
}
