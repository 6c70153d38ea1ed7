import { NO_COUNTS } from "../../snapshot/no-counts.ts";
import type { Snapshot, SnapshotFlow } from "../../snapshot/snapshot.ts";
import { rowKeys } from "../row.ts";

type Failed = SnapshotFlow["connections"]["failed"];

interface Sum {
  readonly first: SnapshotFlow;
  bytesSent: number;
  bytesReceived: number;
  packetsSent: number;
  packetsReceived: number;
  retransmits: number;
  activeMs: number;
  opened: number;
  closed: number;
  failed: Failed;
  rtt: number;
  jitter: number;
  weight: number;
}

/** The windows of a series as one snapshot, each row once; the time measured is that of all of them. */
export function wholeOf(windows: readonly Snapshot[]): Snapshot {
  const [first] = windows;
  if (first === undefined) throw new RangeError("no window");
  const sums = new Map<string, Sum>();
  for (const window of windows) {
    const keys = rowKeys(window);
    window.flows.forEach((flow, index) => {
      const key = keys[index] ?? "";
      const sum = sums.get(key) ?? emptySum(flow);
      sums.set(key, sum);
      addFlow(sum, flow, window.interval_ms);
    });
  }
  const intervalMs = windows.reduce((sum, { interval_ms }) => sum + interval_ms, 0);
  const flows = [...sums.values()]
    .map((sum) => freeze(sum, intervalMs, tagsOf(sum.first)))
    .sort((a, b) => b.bytes_sent + b.bytes_received - a.bytes_sent - a.bytes_received);
  return Object.freeze({ ...first, end: windows.at(-1)?.end ?? first.end, interval_ms: intervalMs, flows });
}

/** All rows of a snapshot as one, without tags. */
export function sumOf({ flows, interval_ms }: Snapshot): SnapshotFlow {
  const [first] = flows;
  if (first === undefined) throw new RangeError("no row");
  const sum = emptySum(first);
  for (const flow of flows) addFlow(sum, flow, interval_ms);
  return freeze(sum, interval_ms, {});
}

function emptySum(first: SnapshotFlow): Sum {
  return {
    first,
    bytesSent: 0,
    bytesReceived: 0,
    packetsSent: 0,
    packetsReceived: 0,
    retransmits: 0,
    activeMs: 0,
    opened: 0,
    closed: 0,
    failed: NO_COUNTS.connections.failed,
    rtt: 0,
    jitter: 0,
    weight: 0,
  };
}

function addFlow(sum: Sum, flow: SnapshotFlow, intervalMs: number): void {
  const { active, opened, closed, failed } = flow.connections;
  sum.bytesSent += flow.bytes_sent;
  sum.bytesReceived += flow.bytes_received;
  sum.packetsSent += flow.packets_sent;
  sum.packetsReceived += flow.packets_received;
  sum.retransmits += flow.retransmits;
  sum.activeMs += active * intervalMs;
  sum.opened += opened;
  sum.closed += closed;
  sum.failed = {
    refused: sum.failed.refused + failed.refused,
    reset: sum.failed.reset + failed.reset,
    timed_out: sum.failed.timed_out + failed.timed_out,
    unreachable: sum.failed.unreachable + failed.unreachable,
    other: sum.failed.other + failed.other,
  };
  if (flow.rtt_us === undefined) return;
  const weight = Math.max(1, active + closed);
  sum.rtt += flow.rtt_us * weight;
  sum.jitter += (flow.rtt_var_us ?? 0) * weight;
  sum.weight += weight;
}

function tagsOf({ source, destination, client, server, protocol, direction, family }: SnapshotFlow) {
  return {
    ...(source !== undefined && { source }),
    ...(destination !== undefined && { destination }),
    ...(client !== undefined && { client }),
    ...(server !== undefined && { server }),
    ...(protocol !== undefined && { protocol }),
    ...(direction !== undefined && { direction }),
    ...(family !== undefined && { family }),
  };
}

function freeze(sum: Sum, intervalMs: number, tags: ReturnType<typeof tagsOf>): SnapshotFlow {
  return Object.freeze({
    ...tags,
    bytes_sent: sum.bytesSent,
    bytes_received: sum.bytesReceived,
    packets_sent: sum.packetsSent,
    packets_received: sum.packetsReceived,
    retransmits: sum.retransmits,
    ...(sum.weight > 0 && {
      rtt_us: Math.round(sum.rtt / sum.weight),
      rtt_var_us: Math.round(sum.jitter / sum.weight),
    }),
    connections: Object.freeze({
      active: intervalMs === 0 ? 0 : Math.round(sum.activeMs / intervalMs),
      opened: sum.opened,
      closed: sum.closed,
      failed: sum.failed,
    }),
  });
}
