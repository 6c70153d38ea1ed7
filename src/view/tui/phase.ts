import { withoutCounts } from "../../snapshot/no-counts.ts";
import type { SnapshotFlow } from "../../snapshot/snapshot.ts";
import type { Ledger, RowRecord } from "../ledger.ts";
import type { Row, RowPhase } from "../row.ts";

/** Rows are new for this long, ms, and for two snapshots at least. */
const NEW_MS = 3000;

/** Snapshots that come in so many ms; one at least. */
export function ticksIn(ms: number, intervalMs: number): number {
  return intervalMs === 0 ? 1 : Math.max(1, Math.ceil(ms / intervalMs));
}

/** What a row of the newest snapshot is to be marked as. Those of the first snapshot are not new, but the view is. */
export function phaseOf(
  { connections: { active, opened, closed } }: SnapshotFlow,
  record: RowRecord | undefined,
  ledger: Ledger,
  intervalMs: number,
): RowPhase {
  // Datagrams have no connections, so rows of UDP alone never close. Where connections are short there are new ones.
  if (active === 0 && closed > 0 && opened === 0) return "closing";
  if (record === undefined || record.firstTick === ledger.firstTick) return "steady";
  return ledger.tick - record.firstTick < Math.max(2, ticksIn(NEW_MS, intervalMs)) ? "new" : "steady";
}

/** A row that the snapshot has no more: its names and totals, and that nothing moves. */
export function goneRow(row: Row): Row {
  if (row.phase === "gone") return row;
  return { ...row, phase: "gone", flow: withoutCounts(row.flow) };
}
