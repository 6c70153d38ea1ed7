import type { SnapshotFlow } from "../snapshot/snapshot.ts";

/** One line of a table: a row of the snapshot with what the view knows besides. */
export interface Row {
  /** The grouped tags as one text: the same group has the same key in every snapshot. */
  readonly key: string;
  readonly flow: SnapshotFlow;
  /** Milliseconds that the counters of `flow` cover; 0 when they cover none. */
  readonly intervalMs: number;
  /** Bytes since the view began, this snapshot included. */
  readonly sentTotal: number;
  readonly receivedTotal: number;
}

/** What makes a row the same row in the next snapshot: the values of all its tags. */
export function rowKey(flow: SnapshotFlow): string {
  return JSON.stringify([
    flow.source,
    flow.destination,
    flow.client,
    flow.server,
    flow.protocol,
    flow.direction,
    flow.family,
  ]);
}
