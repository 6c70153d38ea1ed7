/**
 * Rows of the past: tables, charts and comparisons, which all are columns side by side. Pure, as all of stage `view`.
 */
import { columnWidth, formatHeading } from "../cells.ts";
import type { Column } from "../column.ts";
import type { Units } from "../format.ts";
import { COLUMN_GAP, layoutColumns } from "../layout.ts";
import type { Paint } from "../paint.ts";
import { fitText, textWidth } from "../text.ts";

export interface GridColumn {
  readonly column: Column;
  /** One text a row; of a graph, for the width that it got. */
  readonly cells: readonly string[] | ((width: number) => readonly string[]);
  /** Cells that a graph would like. */
  readonly wantedWidth?: number;
  readonly paint?: (cell: string, row: number) => string;
}

export interface GridOptions {
  readonly units: Units;
  readonly paint: Paint;
  /** Terminal cells to keep to, by dropping columns and shortening names; absent: as wide as the data. */
  readonly width?: number | undefined;
}

export interface Grid {
  /** Names of the columns, then a line for each row. */
  readonly lines: readonly string[];
  /** Where a column stands and how wide it is; `null` for one that had no room. */
  place(column: Column): { readonly at: number; readonly width: number } | null;
}

const GAP = " ".repeat(COLUMN_GAP);

export function renderGrid(columns: readonly GridColumn[], { units, paint, width }: GridOptions): Grid {
  const widest = ({ cells, wantedWidth = 0 }: GridColumn): number =>
    typeof cells === "function"
      ? wantedWidth
      : cells.reduce((max, cell) => Math.max(max, textWidth(cell)), 0);
  const wanted = new Map(columns.map((each) => [each.column.name, widest(each)]));
  const placed =
    width === undefined
      ? columns.map(({ column }) => ({
          column,
          width: Math.max(
            formatHeading(column, units).length,
            wanted.get(column.name) ?? 0,
            column.unit === "graph" ? 0 : columnWidth(column, units),
          ),
        }))
      : layoutColumns(
          columns.map(({ column }) => column),
          width,
          units,
          wanted,
        ).columns;
  let at = 0;
  const places = new Map<Column, { readonly at: number; readonly width: number }>();
  const shown = placed.flatMap((place) => {
    const found = columns.find(({ column }) => column === place.column);
    if (found === undefined) return [];
    places.set(place.column, { at, width: place.width });
    at += place.width + COLUMN_GAP;
    const { cells } = found;
    return [{ ...found, ...place, cells: typeof cells === "function" ? cells(place.width) : cells }];
  });
  const heading = shown.map(({ column, width: own }) =>
    paint.heading(fitText(formatHeading(column, units, own), own, column.align)),
  );
  const count = Math.max(0, ...shown.map(({ cells }) => cells.length));
  const body = Array.from({ length: count }, (_, row) =>
    shown.map(({ cells, column, width: own, paint: paintCell = (cell: string) => cell }) =>
      paintCell(fitText(cells[row] ?? "", own, column.align), row),
    ),
  );
  return {
    lines: [heading, ...body].map((texts) => texts.join(GAP).trimEnd()),
    place: (column) => places.get(column) ?? null,
  };
}
