/**
 * Stage `store`: takes snapshots, keeps them for some days, gives sums over any window of them. Whoever calls knows no
 * SQL and no files: an engine for fleets can take the place of the one here.
 *
 * Promises: what {@link Store.put} has given back is on the disk; a snapshot is kept once however often it comes; a kill
 * at any instant loses and doubles nothing of that.
 */
import type { Filter } from "../query/filter.ts";
import type { GroupBy } from "../query/group-by.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { FlatSnapshot } from "./flatten.ts";

export interface PutResult {
  /** Ids that are new, in the order in which they came. */
  readonly accepted: readonly string[];
  /** Ids that were here already. */
  readonly duplicate: readonly string[];
  /** Snapshots that are not kept, and why: from too long ago, or from too far in the future. */
  readonly refused: readonly { readonly id: string; readonly message: string }[];
}

export interface Period {
  /** Snapshots that began in `[sinceMs, untilMs)`, ms since 1970. */
  readonly sinceMs: number;
  readonly untilMs: number;
  /**
   * Length of the windows of a series, ms; absent: one window. Answers come fast when `sinceMs` and `untilMs` are
   * multiples of five minutes and this one too: then no single row has to be read.
   */
  readonly stepMs?: number | undefined;
}

export interface StoreQuery extends Period {
  readonly groupBy: GroupBy;
  readonly filter: Filter | null;
}

/** A host that reported. */
export interface HostCoverage {
  readonly host: string;
  /** When the first and the last of its snapshots began, ms since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Length of its snapshots, ms; the median. */
  readonly intervalMs: number;
}

export interface StoreAnswer {
  /**
   * One for each window, in order of time; rows most bytes first. `host` is the one that reported, or says how many did;
   * `interval_ms` is the time that their snapshots measured together, 0 where none did. `probe` is of all their reports: counters added up (a connection open through several intervals counts in each in `flows`), gauges as
   * each host said last, and the tier of most exactness that all of them had, with a `reason` where they differ.
   */
  readonly windows: readonly Snapshot[];
  /** Rows were left out because there were more than {@link maxAnswerRows}; those of the last windows, with the fewest bytes. */
  readonly hasMore: boolean;
  /** By name; of very many the first 1,000. */
  readonly hosts: readonly HostCoverage[];
}

const MAX_ANSWER_ROWS = 100_000;
const MAX_ANSWER_CELLS = 1_000_000;

/** The most rows of an answer, all windows together, by its columns; more would only fill memory. */
export function maxAnswerRows(columns: number): number {
  return Math.min(MAX_ANSWER_ROWS, Math.floor(MAX_ANSWER_CELLS / Math.max(1, columns)));
}

export interface StoreStatus {
  readonly snapshots: number;
  readonly files: number;
  readonly bytes: number;
  /** Bytes acknowledged that are not in Parquet yet. */
  readonly journalBytes: number;
  /** Files that could not be read, whole or in part, and are kept as `damaged-…` for somebody to look at. */
  readonly damaged: number;
}

export interface Store {
  /**
   * Resolves when all of it is durable.
   * @throws NpmonError `store` when it cannot be kept; the same snapshots may then come again
   */
  put(snapshots: readonly (Snapshot | FlatSnapshot)[]): Promise<PutResult>;
  query(query: StoreQuery): Promise<StoreAnswer>;
  /** Writes what waits, joins small files, deletes what is older than the retention. Called from time to time. */
  maintain(): Promise<void>;
  status(): StoreStatus;
  /** Waits for what runs; what was acknowledged stays for the next start. */
  close(): Promise<void>;
}
