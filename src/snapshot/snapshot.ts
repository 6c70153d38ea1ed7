/**
 * Stage `snapshot`: takes what `aggregate` counted over one interval, gives one frozen value. That same value goes
 * to the screen, to files, to the network and to history; nothing changes it after it is made.
 *
 * The field names are the JSON names of schema `npmon.snapshot/1`; `snapshot.schema.json` beside this file is the
 * published description, and the tests hold real output against it.
 */
import type { FailureReason } from "../flow/flow.ts";
import type { TagValue } from "../flow/tags.ts";

export const SNAPSHOT_SCHEMA = "npmon.snapshot/1";

/** Which kernel mechanism counted. */
export type Tier = "kprobe" | "tracepoint" | "sockdiag";

/** Counters cover `[start, end)`; `active` is a gauge at `end`. */
export interface ConnectionCounts {
  readonly active: number;
  readonly opened: number;
  readonly closed: number;
  readonly failed: Readonly<Record<FailureReason, number>>;
}

export type EndTags = Readonly<Record<string, TagValue>>;

/** One row: every flow whose grouped tags are equal. `sent` is from source to destination, as the source measured it. */
export interface SnapshotFlow {
  /** Present when the row is grouped by a source tag. Client and server rows have `client` and `server` instead. */
  readonly source?: EndTags;
  readonly destination?: EndTags;
  readonly client?: EndTags;
  readonly server?: EndTags;
  readonly protocol?: TagValue;
  readonly direction?: TagValue;
  readonly family?: TagValue;
  readonly bytes_sent: number;
  readonly bytes_received: number;
  readonly packets_sent: number;
  readonly packets_received: number;
  readonly retransmits: number;
  /** Smoothed round-trip time in µs, mean over the row's flows that had one; absent when none had. */
  readonly rtt_us?: number;
  /** Smoothed mean deviation of the round-trip time in µs; absent with `rtt_us`. */
  readonly rtt_var_us?: number;
  readonly connections: ConnectionCounts;
}

/**
 * Why a connection, or a datagram, was not counted or not wholly: `no_room` for its last record, or for UDP in the
 * table; `begin_missed`, it ended and nobody had seen it begin; `found_late`, it was in no process when npmon began;
 * `end_missed`, it was gone when npmon came to look.
 */
export const LOSS_CAUSES = ["no_room", "begin_missed", "found_late", "end_missed"] as const;
export type LossCause = (typeof LOSS_CAUSES)[number];
export type LossCounts = Readonly<Partial<Record<LossCause, number>>>;

/** How the numbers were obtained and what is missing from them. Counters cover the interval, the rest is at its end. */
export interface SnapshotProbe {
  readonly tier: Tier;
  /** Why this tier, when it was not simply the best one; absent when it was. */
  readonly reason?: string;
  /** Connections whose numbers, or a part of them, were not counted. */
  readonly lost: number;
  /** `lost` by its causes, those that are not zero; absent when nothing is lost or nobody knows. */
  readonly lost_causes?: LossCounts;
  /** Bytes known to belong to `lost`, both directions; what could not even be measured is not in it. */
  readonly lost_bytes: number;
  /** Processes whose name, service and user were lost because they were gone too soon; absent when none. */
  readonly lost_names?: number;
  /** Connections counted in the rows whose local process is not known. */
  readonly unattributed: number;
  /** Connections that the rows are made of: those open at the end and those that ended in the interval. */
  readonly flows: number;
  /** Open connections being followed, and how many can be. */
  readonly tracked: number;
  readonly capacity: number;
  /** Open connections over capacity: their bytes are counted when they close or when there is room, so late, not lost. */
  readonly waiting: number;
  /** Kernel counters that went backwards and were read as zero. */
  readonly backwards: number;
  /** Highest fill seen of the buffer for closed connections, 0..1. */
  readonly closed_buffer_fill: number;
  /** CPU time of npmon itself in the interval, milliseconds. */
  readonly cpu_user_ms: number;
  readonly cpu_system_ms: number;
  /** Resident memory of npmon, bytes. */
  readonly memory_bytes: number;
}

/** How forwarding stands when the snapshot is made; counters are since the one before it. */
export interface SnapshotDelivery {
  /** Snapshots lost before everybody had them. */
  readonly dropped: number;
  /** Snapshots that an intake would not have. */
  readonly refused: number;
  /** Snapshots that wait to be sent, without this one. */
  readonly waiting: number;
}

export interface Snapshot {
  readonly schema: typeof SNAPSHOT_SCHEMA;
  /** UUID, different for every snapshot ever made. */
  readonly id: string;
  readonly host: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly start: string;
  readonly end: string;
  /** `end - start` by the monotonic clock; rates are bytes / interval_ms * 1000. 0 for a snapshot of gauges only. */
  readonly interval_ms: number;
  /** Tag references as written in {@link formatTagRef}, in column order; `["flow"]` or `["rollup"]` when every tag is there. */
  readonly group_by: readonly string[];
  readonly filter: string | null;
  readonly probe: SnapshotProbe;
  /** In forwarded snapshots. */
  readonly delivery?: SnapshotDelivery;
  /** Ordered by bytes sent and received together, the most first. */
  readonly flows: readonly SnapshotFlow[];
}
