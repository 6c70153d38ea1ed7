import type { Snapshot } from "../snapshot/snapshot.ts";
import type { Monitor } from "./monitor.ts";
import type { Question } from "./question.ts";
import { sleepUntilAborted } from "./replay.ts";

/** New processes are looked up this often, so that one that lives longer than this is seen alive. */
const POLL_MS = 100;
/** Closed connections are taken out of the kernel at least this often, however long the interval. */
const COLLECT_MS = 1000;

/** What a reader wants otherwise from here on. */
export interface Change {
  readonly question: Question | null;
  readonly intervalMs: number | null;
}

/** Where a reader leaves its wishes while the ticks run; looked at every 100 ms. */
export interface Wishes {
  /** What was asked for since the last call; `null` when nothing was. */
  take(): Change | null;
  /** The last snapshot for the old question, cut short by the new one; it does not come as one of the ticks. */
  cut(snapshot: Snapshot): void;
}

export interface TickOptions {
  readonly intervalMs: number;
  /** The first interval, and the first after a new question: shorter, so that there is something to see. */
  readonly firstIntervalMs: number;
  /** Snapshots to give; Infinity for no end. */
  readonly count: number;
  /** Ends with what was collected so far as the last snapshot. */
  readonly signal: AbortSignal;
  readonly wishes?: Wishes | undefined;
}

/**
 * Runs a started monitor: a snapshot every interval, on a grid, so that a slow tick does not shift the next ones.
 *
 * Counting goes on while the reader of a snapshot is busy with it, so nothing is lost; intervals that passed entirely
 * meanwhile become one, whose length says so.
 */
export async function* runTicks(monitor: Monitor, options: TickOptions): AsyncGenerator<Snapshot> {
  const { count, signal, wishes } = options;
  const collector = new Collector(monitor);
  let { intervalMs } = options;
  let startedAt = performance.now();
  let publishAt = startedAt + options.firstIntervalMs;
  for (let given = 0; given < count; ) {
    const next = Math.min(publishAt, performance.now() + POLL_MS);
    await sleepUntilAborted(Math.max(0, next - performance.now()), signal);
    const change = signal.aborted ? null : (wishes?.take() ?? null);
    if (change !== null) {
      intervalMs = change.intervalMs ?? intervalMs;
      if (change.question !== null) {
        wishes?.cut(monitor.ask(change.question));
        startedAt = performance.now();
      }
      const isNew = change.question !== null;
      publishAt = startedAt + (isNew ? Math.min(options.firstIntervalMs, intervalMs) : intervalMs);
    }
    const now = performance.now();
    if (!signal.aborted && now < publishAt) {
      collector.turn();
      continue;
    }
    given++;
    const last = signal.aborted || given === count;
    monitor.poll();
    collector.collect(last);
    startedAt = performance.now();
    const snapshot = monitor.publish();
    if (last) yield snapshot;
    else yield* collector.during(snapshot);
    if (last) return;
    publishAt += intervalMs * Math.max(1, Math.ceil((performance.now() - publishAt) / intervalMs));
  }
}

/** Meets new processes and empties the kernel's buffers as often as it takes. */
class Collector {
  readonly #monitor: Monitor;
  #collectAt = performance.now() + COLLECT_MS;

  constructor(monitor: Monitor) {
    this.#monitor = monitor;
  }

  /** To be called every {@link POLL_MS}. */
  turn(): void {
    if (this.#monitor.poll() || performance.now() >= this.#collectAt) this.collect(false);
  }

  collect(last: boolean): void {
    this.#monitor.collect(last);
    this.#collectAt = performance.now() + COLLECT_MS;
  }

  /** Yields the snapshot and goes on with its turns until the reader asks for the next one. */
  async *during(snapshot: Snapshot): AsyncGenerator<Snapshot> {
    let failure: { readonly error: unknown } | null = null;
    const timer = setInterval(() => {
      try {
        this.turn();
      } catch (error) {
        failure ??= { error };
        clearInterval(timer);
      }
    }, POLL_MS);
    try {
      yield snapshot;
    } finally {
      clearInterval(timer);
    }
    if (failure !== null) throw (failure as { readonly error: unknown }).error;
  }
}
