import type { SnapshotFlow } from "./snapshot.ts";

/** The numbers of a row in which nothing was. */
export const NO_COUNTS: SnapshotFlow = Object.freeze({
  bytes_sent: 0,
  bytes_received: 0,
  packets_sent: 0,
  packets_received: 0,
  retransmits: 0,
  connections: Object.freeze({
    active: 0,
    opened: 0,
    closed: 0,
    failed: Object.freeze({ refused: 0, reset: 0, timed_out: 0, unreachable: 0, other: 0 }),
  }),
});

/** The tags of a row, and that nothing was in it. */
export function withoutCounts(flow: SnapshotFlow): SnapshotFlow {
  const { rtt_us: _, rtt_var_us: __, ...rest } = flow;
  return { ...rest, ...NO_COUNTS };
}
