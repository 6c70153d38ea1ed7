/** File in the folder of the spool that says how it stands; replaced as a whole at every snapshot, once a second at most, and at the end. */
export const STATUS_FILE = "status.json";
export const STATUS_SCHEMA = "npmon.forward-status/1";

/** Times are RFC 3339; counts are since `started`. What is null is not so, or has not been. */
export interface ForwardStatus {
  readonly schema: typeof STATUS_SCHEMA;
  readonly pid: number;
  readonly started: string | null;
  readonly written: string | null;
  readonly interval_ms: number;
  readonly health: "ok" | "degraded";
  /** Why it is degraded, a line each for people. */
  readonly reasons: readonly string[];
  readonly snapshots: { readonly made: number; readonly last: string | null };
  readonly spool: {
    readonly folder: string;
    readonly snapshots: number;
    readonly bytes: number;
    readonly max_bytes: number;
    readonly max_age_ms: number;
    /** How long the oldest has waited while npmon ran. */
    readonly oldest_ms: number;
    /** Of `bytes`, those that the disk did not take. */
    readonly in_memory_bytes: number;
    /** Why it did not. */
    readonly trouble: string | null;
    readonly dropped: number;
    readonly dropped_bytes: number;
    readonly last_drop: string | null;
  };
  readonly destinations: readonly DestinationStatus[];
}

export interface DestinationStatus {
  readonly url: string;
  readonly waiting: number;
  readonly delivered: number;
  readonly delivered_bytes: number;
  /** Set aside because it will never take them. */
  readonly refused: number;
  /** Dropped from the spool before it had them. */
  readonly dropped: number;
  readonly last_delivery: string | null;
  readonly failing_since: string | null;
  readonly problem: string | null;
  readonly next_attempt: string | null;
}

/** A drop is trouble for so long, ms. */
const DROP_IS_NEWS_MS = 3_600_000;

/** Everything that is not as it should be, a line each. */
export function reasonsOf({
  destinations,
  spool,
  written,
}: Pick<ForwardStatus, "destinations" | "spool" | "written">): readonly string[] {
  const reasons: string[] = [];
  for (const { url, problem, waiting, failing_since } of destinations) {
    if (problem !== null)
      reasons.push(`${url}: ${problem} since ${failing_since}; ${waiting} snapshots wait`);
  }
  if (spool.trouble !== null) reasons.push(`the spool takes nothing: ${spool.trouble}`);
  const sinceDropMs =
    spool.last_drop === null ? null : Date.parse(written ?? "") - Date.parse(spool.last_drop);
  if (sinceDropMs !== null && sinceDropMs < DROP_IS_NEWS_MS) {
    reasons.push(`${spool.dropped} snapshots were lost, the last at ${spool.last_drop}`);
  }
  return reasons;
}
