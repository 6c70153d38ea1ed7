import type { Snapshot } from "../snapshot/snapshot.ts";
import { rowKey } from "./row.ts";

/** Bytes of one row since the view began. */
export interface RowTotal {
  readonly sent: number;
  readonly received: number;
}

/** Running totals since the view began. Bounded: the rows unseen for longest are forgotten first. */
export interface Totals {
  /** By row key, the row seen longest ago first. */
  readonly byKey: ReadonlyMap<string, RowTotal>;
  /** Start of the first window, RFC 3339; `null` before the first snapshot. */
  readonly since: string | null;
  /** Rows whose totals were forgotten; when one of them comes back, it starts from zero. */
  readonly forgotten: number;
}

export const NO_TOTALS: Totals = { byKey: new Map(), since: null, forgotten: 0 };

const DEFAULT_MAX_KEYS = 20_000;

/** The totals after one more snapshot; `totals` itself stays as it was. */
export function addTotals(totals: Totals, snapshot: Snapshot, maxKeys = DEFAULT_MAX_KEYS): Totals {
  const byKey = new Map(totals.byKey);
  for (const flow of snapshot.flows) {
    const key = rowKey(flow);
    const before = byKey.get(key);
    // Delete first: a Map keeps its insertion order, so this moves the row to the recently seen end.
    byKey.delete(key);
    byKey.set(key, {
      sent: (before?.sent ?? 0) + flow.bytes_sent,
      received: (before?.received ?? 0) + flow.bytes_received,
    });
  }
  const excess = Math.max(0, byKey.size - maxKeys);
  let left = excess;
  for (const key of byKey.keys()) {
    if (left-- <= 0) break;
    byKey.delete(key);
  }
  return { byKey, since: totals.since ?? snapshot.start, forgotten: totals.forgotten + excess };
}
