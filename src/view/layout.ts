import { columnWidth } from "./cells.ts";
import type { Column } from "./column.ts";
import type { Units } from "./format.ts";

export interface PlacedColumn {
  readonly column: Column;
  /** Terminal cells, without the gap before it. */
  readonly width: number;
}

export interface Layout {
  /** In display order. */
  readonly columns: readonly PlacedColumn[];
  /** Columns left out for want of room. */
  readonly hidden: readonly Column[];
}

/** Cells between columns. */
export const COLUMN_GAP = 2;

/** A name shorter than this tells nothing; below it columns are dropped rather than names shortened. */
const SHORTEST_NAME = 8;

/** Columns up to this priority are kept by shortening names. */
const WORTH_SHORTER_NAMES = 2;

/**
 * Chooses the columns that fit into `width` cells and how wide each is. It depends on the widths of the names only
 * for sharing what is left, so the same columns stay while numbers and rows change.
 *
 * @param nameWidths widest text of each column so far, by column name
 */
export function layoutColumns(
  columns: readonly Column[],
  width: number,
  units: Units,
  nameWidths: ReadonlyMap<string, number>,
): Layout {
  const candidates = columns
    .filter((column) => column.priority !== null)
    .sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0));
  const chosen: Column[] = [];
  for (const column of candidates) {
    const isVital = (column.priority ?? 0) <= WORTH_SHORTER_NAMES;
    const needed = totalWidth([...chosen, column], isVital ? shortestWidth : columnWidth, units);
    if (chosen.length > 0 && needed > width) break;
    chosen.push(column);
  }
  const shown = columns.filter((column) => chosen.includes(column));
  const hidden = candidates.filter((column) => !chosen.includes(column));
  return { columns: shareWidth(shown, width, units, nameWidths), hidden };
}

function shareWidth(
  columns: readonly Column[],
  width: number,
  units: Units,
  nameWidths: ReadonlyMap<string, number>,
): readonly PlacedColumn[] {
  const widths = new Map(columns.map((column) => [column, shortestWidth(column, units)]));
  const wanted = (column: Column): number =>
    Math.max(columnWidth(column, units), nameWidths.get(column.name) ?? 0);
  let left = width - totalWidth(columns, shortestWidth, units);
  // Graphs take what names leave. One cell each in turn: short names get all they want, long ones share evenly.
  for (const unit of ["text", "graph"]) {
    let growing = columns.filter((column) => column.unit === unit);
    while (left > 0 && growing.length > 0) {
      growing = growing.filter((column) => (widths.get(column) ?? 0) < wanted(column));
      for (const column of growing.slice(0, left)) widths.set(column, (widths.get(column) ?? 0) + 1);
      left -= growing.length;
    }
  }
  return columns.map((column) => ({ column, width: Math.min(width, widths.get(column) ?? 0) }));
}

function shortestWidth(column: Column, units: Units): number {
  const width = columnWidth(column, units);
  return column.unit === "text" ? Math.min(width, SHORTEST_NAME) : width;
}

function totalWidth(
  columns: readonly Column[],
  widthOf: (column: Column, units: Units) => number,
  units: Units,
): number {
  return columns.reduce((sum, column) => sum + widthOf(column, units) + COLUMN_GAP, -COLUMN_GAP);
}
