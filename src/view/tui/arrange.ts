import type { Snapshot } from "../../snapshot/snapshot.ts";
import { formatCell } from "../cells.ts";
import type { Ledger } from "../ledger.ts";
import { type Row, rowKeys } from "../row.ts";
import { compareKeys, compareValues, createRow, parseSort, type Sort } from "../rows.ts";
import { textWidth } from "../text.ts";
import { isName, screenColumns } from "./columns.ts";
import { goneRow, phaseOf, ticksIn } from "./phase.ts";
import type { TuiState } from "./state.ts";

/** Rows change places no more often than this, ms: whoever reads them must find them again. */
const SORT_EVERY_MS = 5000;
/** Half of what a row is ranked by is from the last so many ms: a burst does not carry it to the top and down again. */
const HALF_LIFE_MS = 3000;
/** Rows that are gone keep their place for this long, ms. While the order is frozen it is longer. */
const GONE_MS = 5000;
const FROZEN_GONE_MS = 60_000;

/** `tick`: one more snapshot. `sort`: the reader wants another order. `start`: everything is new. */
export type Occasion = "tick" | "sort" | "start";

/**
 * The rows on the screen after a snapshot or another order. Between two sorts every row keeps its place: new ones
 * come in where they belong, those that are gone stay for a moment.
 */
export function arrangeRows(
  state: TuiState,
  occasion: Occasion,
): Pick<TuiState, "rows" | "sortedAtMs" | "nameWidths"> {
  const { shown, shownLedger: ledger, isFrozen, maxRows } = state;
  if (shown === null) return state;
  const sort = parseSort(state.sort, shown.group_by);
  const nowMs = Date.parse(shown.end) || 0;
  const here = rowsOf(shown, ledger);
  if (!isName(sort.column)) rank(here, ledger, sort, shown.interval_ms, occasion);
  const before = occasion === "start" ? [] : state.rows;
  const goneTicks = ticksIn(isFrozen ? FROZEN_GONE_MS : GONE_MS, shown.interval_ms);
  const kept = keepRows(before, here, ledger, goneTicks);
  const compare = comparator(sort, ledger);
  const isDue = occasion !== "tick" || (!isFrozen && isSortDue(state, sort, nowMs));
  const fresh = [...here.values()];
  let rows: readonly Row[];
  if (isDue) rows = [...kept, ...fresh].sort(compare);
  else if (isFrozen) rows = [...kept, ...fresh.sort(compare)];
  else rows = mergeRows(kept, fresh.sort(compare), compare);
  return {
    rows: maxRows === null ? rows : rows.slice(0, maxRows),
    sortedAtMs: isDue ? nowMs : state.sortedAtMs,
    nameWidths: widenNames(state, shown.group_by, fresh),
  };
}

/** By name the order of the rows that are there cannot change. A clock that was set back does not stop the sorting. */
function isSortDue({ sortedAtMs }: TuiState, sort: Sort, nowMs: number): boolean {
  return !isName(sort.column) && Math.abs(nowMs - sortedAtMs) >= SORT_EVERY_MS;
}

function rowsOf(snapshot: Snapshot, ledger: Ledger): Map<string, Row> {
  const keys = rowKeys(snapshot);
  const rows = new Map<string, Row>();
  snapshot.flows.forEach((flow, index) => {
    const key = keys[index] ?? "";
    const phase = phaseOf(flow, ledger.find(key), ledger, snapshot.interval_ms);
    rows.set(key, createRow(key, flow, snapshot.interval_ms, ledger, phase));
  });
  return rows;
}

/** Brings up to date what the rows are ordered by: their number, as a mean in which the past fades. */
function rank(
  rows: ReadonlyMap<string, Row>,
  ledger: Ledger,
  { column }: Sort,
  intervalMs: number,
  occasion: Occasion,
): void {
  const weight = occasion === "tick" ? 1 - 0.5 ** (intervalMs / HALF_LIFE_MS) : 1;
  for (const row of rows.values()) {
    const record = ledger.find(row.key);
    if (record === undefined) continue;
    const value = column.value(row);
    if (typeof value !== "number") record.rank = Number.NaN;
    else if (Number.isNaN(record.rank)) record.rank = value;
    else record.rank += (value - record.rank) * weight;
  }
}

/** Rows that are equal keep the order of their keys, so that none of them ever jumps. */
function comparator({ column, isDescending }: Sort, ledger: Ledger): (a: Row, b: Row) => number {
  const sign = isDescending ? -1 : 1;
  if (isName(column)) {
    return (a, b) => compareValues(column.value(a), column.value(b), sign) || compareKeys(a.key, b.key);
  }
  const rankOf = ({ key }: Row): number | null => {
    const value = ledger.find(key)?.rank ?? Number.NaN;
    return Number.isNaN(value) ? null : value;
  };
  const ranks = new Map<string, number | null>();
  const known = (row: Row): number | null => {
    const rank = ranks.get(row.key);
    if (rank !== undefined) return rank;
    const found = rankOf(row);
    ranks.set(row.key, found);
    return found;
  };
  return (a, b) => compareValues(known(a), known(b), sign) || compareKeys(a.key, b.key);
}

/** The rows of before as they are now, in their order; taken out of `here`, where the new ones are left. */
function keepRows(before: readonly Row[], here: Map<string, Row>, ledger: Ledger, goneTicks: number): Row[] {
  const kept: Row[] = [];
  for (const row of before) {
    const now = here.get(row.key);
    if (now !== undefined) {
      kept.push(now);
      here.delete(row.key);
      continue;
    }
    const record = ledger.find(row.key);
    if (record !== undefined && ledger.tick - record.seenTick <= goneTicks) kept.push(goneRow(row));
  }
  return kept;
}

/** Puts each new row before the first one that it is to stand before; both lists keep their order. */
function mergeRows(kept: readonly Row[], fresh: readonly Row[], compare: (a: Row, b: Row) => number): Row[] {
  const merged: Row[] = [];
  let next = 0;
  for (const row of fresh) {
    for (let other = kept[next]; other !== undefined && compare(other, row) <= 0; other = kept[next]) {
      merged.push(other);
      next++;
    }
    merged.push(row);
  }
  return [...merged, ...kept.slice(next)];
}

function widenNames(
  { nameWidths, measure }: TuiState,
  groupBy: readonly string[],
  fresh: readonly Row[],
): ReadonlyMap<string, number> {
  if (fresh.length === 0) return nameWidths;
  const widths = new Map(nameWidths);
  for (const column of screenColumns(groupBy, measure)) {
    if (column.unit !== "text" || column.priority === null) continue;
    for (const row of fresh) {
      const width = textWidth(formatCell(column, column.value(row), "auto"));
      if (width > (widths.get(column.name) ?? 0)) widths.set(column.name, width);
    }
  }
  return widths;
}
