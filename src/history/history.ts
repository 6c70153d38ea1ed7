/**
 * Stage `history`: takes a question about a time that is past, gives sums over it with who reported and for how long.
 * The answer comes from an intake over HTTP or from its folder of data; both are put together by `answer.ts`, and
 * whoever asks does not see which it was.
 */
import type { Snapshot } from "../snapshot/snapshot.ts";

/** A place of the API, behind the intake's URL: `?since_ms=&until_ms=&group_by=&filter=&step_ms=`. */
export const QUERY_PATH = "/v1/query";

/** What does not fit in an address that an intake takes. UTF-16 units, encoded. */
export const MAX_SEARCH_UNITS = 15 * 1024;

/** Snapshots that began in `[sinceMs, untilMs)`, ms since 1970. */
export interface Period {
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** Tags and filter as they were typed: whoever answers knows which there are. */
export interface HistoryQuestion extends Period {
  readonly groupBy: string;
  readonly filter: string;
  /** Length of the windows of a series, ms; absent: one window. */
  readonly stepMs?: number | undefined;
}

/** A host that reported in the period. */
export interface HostReport {
  readonly host: string;
  /** RFC 3339: when the first and the last of its snapshots began. */
  readonly first: string;
  readonly last: string;
  /** Length of its snapshots, ms; the median. */
  readonly interval_ms: number;
}

export interface HistoryAnswer {
  /**
   * One for each window, in order of time; rows most bytes first. `interval_ms` is the time that was measured in the
   * window, so rates are right also where reports are still on their way; 0 where no host reported. `host` is the one
   * that reported, or how many did.
   */
  readonly windows: readonly Snapshot[];
  /** Rows were left out because there were more than an answer takes. */
  readonly hasMore: boolean;
  /** By name; of very many the first 1,000. */
  readonly hosts: readonly HostReport[];
}

/** Somewhere to ask. */
export interface History {
  /** As messages name it: `the intake https://intake.example:8474`. */
  readonly place: string;
  /** @throws NpmonError `usage` for a question that makes no sense there, `intake` or `store` when it cannot be answered */
  ask(question: HistoryQuestion, signal: AbortSignal): Promise<HistoryAnswer>;
  /** How far the clock there is ahead of this one, ms; known once it has answered. */
  readonly clockAheadMs: number | null;
}
