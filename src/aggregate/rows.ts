import type { SnapshotFlow } from "../snapshot/snapshot.ts";
import type { Group, Grouping } from "./group.ts";

/**
 * The rows of the interval, the most bytes first, and a fresh start for the next one. Rows without an open
 * connection that counted nothing are left out.
 */
export function takeRows(grouping: Grouping): readonly SnapshotFlow[] {
  const rows: SnapshotFlow[] = [];
  for (const group of grouping.groups) {
    if (group.active === 0 && !group.tally.touched) {
      if (group.members === 0) grouping.drop(group);
      continue;
    }
    rows.push(rowOf(group));
    group.tally.reset();
  }
  return Object.freeze(rows.sort(byBytes));
}

/** Most bytes first; sort is stable, so rows that are equal keep the order in which they appeared. */
export function byBytes(a: SnapshotFlow, b: SnapshotFlow): number {
  return b.bytes_sent + b.bytes_received - (a.bytes_sent + a.bytes_received);
}

function rowOf(group: Group): SnapshotFlow {
  const { tally } = group;
  const samples = group.rttCount + tally.rttCount;
  return Object.freeze({
    ...group.tags,
    bytes_sent: tally.bytesSent,
    bytes_received: tally.bytesReceived,
    packets_sent: tally.packetsSent,
    packets_received: tally.packetsReceived,
    retransmits: tally.retransmits,
    ...(samples > 0 && {
      rtt_us: Math.round((group.rttSum + tally.rttSum) / samples),
      rtt_var_us: Math.round((group.rttVarSum + tally.rttVarSum) / samples),
    }),
    connections: Object.freeze({
      active: group.active,
      opened: tally.opened,
      closed: tally.closed,
      failed: Object.freeze({
        refused: tally.failedRefused,
        reset: tally.failedReset,
        timed_out: tally.failedTimedOut,
        unreachable: tally.failedUnreachable,
        other: tally.failedOther,
      }),
    }),
  });
}
