import type { SnapshotFlow } from "../snapshot/snapshot.ts";
import type { Column, ColumnUnit, RawField } from "./column.ts";
import type { Row } from "./row.ts";
import { tagColumns } from "./tag-columns.ts";

interface Metric {
  readonly name: string;
  readonly heading: string;
  readonly unit: Exclude<ColumnUnit, "text" | "number">;
  readonly priority: number | null;
  readonly meaning: string;
  readonly isTrouble?: boolean;
  readonly value: (row: Row) => number | null;
  /** Absent where another column already gives the same number, or where only the view knows it. */
  readonly raw?: RawField;
}

/** The one table of what can be shown, sorted by and written, in the order in which it appears. */
const METRICS: readonly Metric[] = [
  {
    name: "sent",
    heading: "SENT",
    unit: "bandwidth",
    priority: 1,
    meaning: "bandwidth from source to destination",
    value: (row) => perSecond(row, row.flow.bytes_sent),
    raw: { path: "bytes_sent", value: (flow) => flow.bytes_sent },
  },
  {
    name: "received",
    heading: "RECV",
    unit: "bandwidth",
    priority: 2,
    meaning: "bandwidth from destination to source",
    value: (row) => perSecond(row, row.flow.bytes_received),
    raw: { path: "bytes_received", value: (flow) => flow.bytes_received },
  },
  {
    name: "traffic",
    heading: "TRAFFIC",
    unit: "bandwidth",
    priority: null,
    meaning: "sent and received together",
    value: (row) => perSecond(row, row.flow.bytes_sent + row.flow.bytes_received),
  },
  {
    name: "bytes_sent",
    heading: "SENT",
    unit: "bytes",
    priority: null,
    meaning: "throughput: bytes in the window",
    value: (row) => row.flow.bytes_sent,
  },
  {
    name: "bytes_received",
    heading: "RECV",
    unit: "bytes",
    priority: null,
    meaning: "throughput: bytes in the window",
    value: (row) => row.flow.bytes_received,
  },
  {
    name: "bytes",
    heading: "TRAFFIC",
    unit: "bytes",
    priority: null,
    meaning: "throughput, sent and received together",
    value: (row) => row.flow.bytes_sent + row.flow.bytes_received,
  },
  {
    name: "sent_total",
    heading: "SENT TOT",
    unit: "bytes",
    priority: 9,
    meaning: "bytes since this view began",
    value: (row) => row.sentTotal,
  },
  {
    name: "received_total",
    heading: "RECV TOT",
    unit: "bytes",
    priority: 10,
    meaning: "bytes since this view began",
    value: (row) => row.receivedTotal,
  },
  {
    name: "traffic_total",
    heading: "TOTAL",
    unit: "bytes",
    priority: null,
    meaning: "bytes since this view began, sent and received together",
    value: (row) => row.sentTotal + row.receivedTotal,
  },
  {
    name: "packets_sent",
    heading: "PKTS SENT",
    unit: "count",
    priority: 13,
    meaning: "packets in the window",
    value: (row) => row.flow.packets_sent,
    raw: { path: "packets_sent", value: (flow) => flow.packets_sent },
  },
  {
    name: "packets_received",
    heading: "PKTS RECV",
    unit: "count",
    priority: 14,
    meaning: "packets in the window",
    value: (row) => row.flow.packets_received,
    raw: { path: "packets_received", value: (flow) => flow.packets_received },
  },
  {
    name: "retransmits",
    heading: "RETRANS",
    unit: "count",
    priority: 3,
    meaning: "segments sent again in the window",
    isTrouble: true,
    value: (row) => row.flow.retransmits,
    raw: { path: "retransmits", value: (flow) => flow.retransmits },
  },
  {
    name: "rtt",
    heading: "RTT",
    unit: "duration",
    priority: 4,
    meaning: "smoothed round-trip time, mean of the flows",
    value: (row) => row.flow.rtt_us ?? null,
    raw: { path: "rtt_us", value: (flow) => flow.rtt_us ?? null },
  },
  {
    name: "jitter",
    heading: "JITTER",
    unit: "duration",
    priority: 12,
    meaning: "how far the round-trip time strays",
    value: (row) => row.flow.rtt_var_us ?? null,
    raw: { path: "rtt_var_us", value: (flow) => flow.rtt_var_us ?? null },
  },
  {
    name: "active",
    heading: "ACTIVE",
    unit: "count",
    priority: 6,
    meaning: "connections open at the end of the window",
    value: (row) => row.flow.connections.active,
    raw: { path: "connections.active", value: (flow) => flow.connections.active },
  },
  {
    name: "opened",
    heading: "OPENED",
    unit: "count",
    priority: 8,
    meaning: "connections opened in the window",
    value: (row) => row.flow.connections.opened,
    raw: { path: "connections.opened", value: (flow) => flow.connections.opened },
  },
  {
    name: "closed",
    heading: "CLOSED",
    unit: "count",
    priority: 11,
    meaning: "connections closed in the window",
    value: (row) => row.flow.connections.closed,
    raw: { path: "connections.closed", value: (flow) => flow.connections.closed },
  },
  {
    name: "failed",
    heading: "FAILED",
    unit: "count",
    priority: 5,
    meaning: "refused, reset, timed out, unreachable or other",
    isTrouble: true,
    value: ({ flow: { connections } }) =>
      connections.failed.refused +
      connections.failed.reset +
      connections.failed.timed_out +
      connections.failed.unreachable +
      connections.failed.other,
  },
  failure("refused"),
  failure("reset"),
  failure("timed_out"),
  failure("unreachable"),
  failure("other"),
];

function failure(reason: keyof SnapshotFlow["connections"]["failed"]): Metric {
  const value = (flow: SnapshotFlow): number => flow.connections.failed[reason];
  return {
    name: `failed.${reason}`,
    heading: reason.toUpperCase(),
    unit: "count",
    priority: null,
    meaning: "connections that failed this way",
    isTrouble: true,
    value: (row) => value(row.flow),
    raw: { path: `connections.failed.${reason}`, value },
  };
}

function perSecond(row: Row, bytes: number): number | null {
  return row.intervalMs === 0 ? null : (bytes / row.intervalMs) * 1000;
}

const METRIC_COLUMNS: readonly Column[] = METRICS.map((metric) => ({
  name: metric.name,
  heading: metric.heading,
  shortHeading: metric.heading,
  unit: metric.unit,
  align: "right",
  priority: metric.priority,
  width: 0,
  meaning: metric.meaning,
  isTrouble: metric.isTrouble ?? false,
  value: metric.value,
}));

/** CSV columns after the tags: every number of a row, exactly as the snapshot holds it. */
export const RAW_FIELDS: readonly RawField[] = METRICS.flatMap(({ raw }) => (raw === undefined ? [] : [raw]));

/** The columns of a snapshot: one for each tag that it is grouped by, then the numbers. */
export function snapshotColumns(groupBy: readonly string[]): readonly Column[] {
  return [...tagColumns(groupBy), ...METRIC_COLUMNS];
}
