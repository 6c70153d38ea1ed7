import { withoutCounts } from "../../snapshot/no-counts.ts";
import type { Snapshot, SnapshotFlow } from "../../snapshot/snapshot.ts";
import { type Row, rowKeys } from "../row.ts";
import { compareKeys, compareValues, createRow, parseSort, type RowOptions } from "../rows.ts";

/** `new`: only now. `gone`: only before. */
export type ComparedState = "new" | "gone" | "changed" | "same";

/** One row in both windows. */
export interface ComparedRow {
  readonly state: ComparedState;
  /** With the tags of the row; of whichever window has it. */
  readonly flow: SnapshotFlow;
  /** Without counts where the row is not there. */
  readonly now: Row;
  readonly before: Row;
  /** Bytes a second, sent and received together, more now than before. */
  readonly changePerSecond: number;
  /** Share of what it was before, 1 is twice as much; `null` where there was nothing before. */
  readonly changeShare: number | null;
}

export interface Comparison {
  readonly now: Snapshot;
  readonly before: Snapshot;
  /** All of them, in order. */
  readonly rows: readonly ComparedRow[];
}

/** Orders beside those of a table. */
const OWN_SORTS: Readonly<Record<string, (row: ComparedRow) => number | null>> = {
  change: ({ changePerSecond }) => changePerSecond,
  change_share: ({ changeShare }) => changeShare,
};

/**
 * Every row of either window beside itself in the other, by default the largest change first, up or down. Rates are
 * compared, not sums: one window can have been reported for longer than the other.
 *
 * @throws NpmonError `usage` for a column that there is not
 */
export function compareSnapshots(now: Snapshot, before: Snapshot, { sort }: RowOptions): Comparison {
  const nowByKey = flowsByKey(now);
  const beforeByKey = flowsByKey(before);
  const keys = [...new Set([...nowByKey.keys(), ...beforeByKey.keys()])];
  const rows = keys.flatMap((key): { key: string; row: ComparedRow }[] => {
    const inNow = nowByKey.get(key);
    const inBefore = beforeByKey.get(key);
    const flow = inNow ?? inBefore;
    return flow === undefined
      ? []
      : [{ key, row: compareRow(flow, [key, inNow, now.interval_ms], [key, inBefore, before.interval_ms]) }];
  });
  const order = sortOf(sort, now.group_by);
  rows.sort(
    (a, b) =>
      compareValues(order.of(a.row), order.of(b.row), order.isDescending ? -1 : 1) ||
      compareKeys(a.key, b.key),
  );
  return { now, before, rows: rows.map(({ row }) => row) };
}

type Side = readonly [key: string, flow: SnapshotFlow | undefined, intervalMs: number];

function compareRow(flow: SnapshotFlow, now: Side, before: Side): ComparedRow {
  const [nowRow, beforeRow] = [now, before].map(([key, own, intervalMs]) =>
    createRow(key, own ?? withoutCounts(flow), intervalMs, undefined),
  ) as [Row, Row];
  const was = perSecond(beforeRow);
  const changePerSecond = perSecond(nowRow) - was;
  const state =
    before[1] === undefined
      ? "new"
      : now[1] === undefined
        ? "gone"
        : changePerSecond === 0
          ? "same"
          : "changed";
  return {
    state,
    flow,
    now: nowRow,
    before: beforeRow,
    changePerSecond,
    changeShare: was === 0 ? null : changePerSecond / was,
  };
}

/** Bytes, both ways. */
export function perSecond({ flow, intervalMs }: Row): number {
  return intervalMs === 0 ? 0 : ((flow.bytes_sent + flow.bytes_received) / intervalMs) * 1000;
}

function flowsByKey(snapshot: Snapshot): ReadonlyMap<string, SnapshotFlow> {
  const keys = rowKeys(snapshot);
  return new Map(snapshot.flows.map((flow, index) => [keys[index] ?? "", flow]));
}

interface Order {
  readonly of: (row: ComparedRow) => string | number | null;
  readonly isDescending: boolean;
}

function sortOf(sort: string | undefined, groupBy: readonly string[]): Order {
  if (sort === undefined)
    return { of: ({ changePerSecond }) => Math.abs(changePerSecond), isDescending: true };
  const isDescending = sort.startsWith("-");
  const name = isDescending ? sort.slice(1) : sort;
  const own = Object.hasOwn(OWN_SORTS, name) ? OWN_SORTS[name] : undefined;
  if (own !== undefined) return { of: own, isDescending };
  const { column } = parseSort(sort, groupBy);
  return { of: ({ now }) => column.value(now), isDescending };
}

/** @throws NpmonError `usage` for a column that no comparison has */
export function checkComparisonSort(sort: string, groupBy: readonly string[]): void {
  sortOf(sort, groupBy);
}
