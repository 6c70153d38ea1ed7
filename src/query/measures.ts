import { FAILURE_REASONS, type FailureReason } from "../flow/flow.ts";
import type { SnapshotFlow } from "../snapshot/snapshot.ts";
import type { UnitFamily } from "./quantity.ts";

/** A number that is counted for a row. Rows are known only when flows have been grouped. */
export interface Measure {
  /** As its column is called in tables and in `--sort`. */
  readonly name: string;
  readonly units: UnitFamily;
  /**
   * In the base unit of the family; `null` where nothing was measured.
   * @param intervalMs - what the row's counters cover
   */
  readonly read: (flow: SnapshotFlow, intervalMs: number) => number | null;
}

const MEASURES: readonly Measure[] = [
  { name: "bytes", units: "bytes", read: (flow) => flow.bytes_sent + flow.bytes_received },
  { name: "bytes_sent", units: "bytes", read: (flow) => flow.bytes_sent },
  { name: "bytes_received", units: "bytes", read: (flow) => flow.bytes_received },
  {
    name: "traffic",
    units: "bandwidth",
    read: (flow, intervalMs) => perSecond(flow.bytes_sent + flow.bytes_received, intervalMs),
  },
  { name: "sent", units: "bandwidth", read: (flow, intervalMs) => perSecond(flow.bytes_sent, intervalMs) },
  {
    name: "received",
    units: "bandwidth",
    read: (flow, intervalMs) => perSecond(flow.bytes_received, intervalMs),
  },
  { name: "packets", units: "count", read: (flow) => flow.packets_sent + flow.packets_received },
  { name: "packets_sent", units: "count", read: (flow) => flow.packets_sent },
  { name: "packets_received", units: "count", read: (flow) => flow.packets_received },
  { name: "retransmits", units: "count", read: (flow) => flow.retransmits },
  { name: "rtt", units: "time", read: (flow) => flow.rtt_us ?? null },
  { name: "jitter", units: "time", read: (flow) => flow.rtt_var_us ?? null },
  { name: "active", units: "count", read: (flow) => flow.connections.active },
  { name: "opened", units: "count", read: (flow) => flow.connections.opened },
  { name: "closed", units: "count", read: (flow) => flow.connections.closed },
  { name: "failed", units: "count", read: ({ connections: { failed } }) => sumOf(failed) },
  ...FAILURE_REASONS.map(
    (reason): Measure => ({
      name: `failed.${reason}`,
      units: "count",
      read: (flow) => flow.connections.failed[reason],
    }),
  ),
];

const BY_NAME: ReadonlyMap<string, Measure> = new Map(MEASURES.map((measure) => [measure.name, measure]));

/** In the order in which they are listed to people. */
export const MEASURE_NAMES: readonly string[] = Object.freeze([...BY_NAME.keys()]);

export function isMeasure(text: string): boolean {
  return BY_NAME.has(text);
}

/** @returns `undefined` when there is no such measure */
export function findMeasure(name: string): Measure | undefined {
  return BY_NAME.get(name);
}

function perSecond(bytes: number, intervalMs: number): number | null {
  return intervalMs > 0 ? (bytes / intervalMs) * 1000 : null;
}

function sumOf(failed: Readonly<Record<FailureReason, number>>): number {
  return failed.refused + failed.reset + failed.timed_out + failed.unreachable + failed.other;
}
