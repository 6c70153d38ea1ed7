import type { Snapshot } from "../../snapshot/snapshot.ts";
import { snapshotColumns } from "../columns.ts";
import type { Units } from "../format.ts";
import { type Layout, layoutColumns } from "../layout.ts";
import { describeNotes } from "../status.ts";

/** Of the terminal, in cells. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Cells before the table for the mark of the selected row. */
export const MARK_WIDTH = 1;

/** The line of column names and the line of keys. */
const FIXED_LINES = 2;

interface Geometry {
  readonly size: Size;
  readonly shown: Snapshot | null;
  readonly units: Units;
  readonly nameWidths: ReadonlyMap<string, number>;
}

/** Lines above the table: where and when, health, and notes when there are any. */
export function headerHeight({ shown }: Pick<Geometry, "shown">): number {
  return shown !== null && describeNotes(shown).length > 0 ? 3 : 2;
}

/** Lines for rows; at least none. */
export function bodyHeight(geometry: Pick<Geometry, "size" | "shown">): number {
  return Math.max(0, geometry.size.rows - headerHeight(geometry) - FIXED_LINES);
}

/** The columns that fit the screen. */
export function placeColumns({ size, shown, units, nameWidths }: Geometry): Layout {
  const columns = snapshotColumns(shown?.group_by ?? []);
  return layoutColumns(columns, Math.max(1, size.columns - MARK_WIDTH), units, nameWidths);
}
