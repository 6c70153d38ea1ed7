import type { Snapshot } from "../snapshot/snapshot.ts";
import { columnWidth, formatCell, formatHeading } from "./cells.ts";
import type { Column } from "./column.ts";
import { snapshotColumns } from "./columns.ts";
import type { Units } from "./format.ts";
import { COLUMN_GAP, layoutColumns, type PlacedColumn } from "./layout.ts";
import { createPaint, type Paint } from "./paint.ts";
import type { Row } from "./row.ts";
import { type RowOptions, selectRows } from "./rows.ts";
import {
  describeChange,
  describeEmpty,
  describeHealth,
  describeNotes,
  describeWindow,
  type Fact,
} from "./status.ts";
import { fitText, textWidth, truncateEnd } from "./text.ts";

export interface TableOptions extends RowOptions {
  readonly units?: Units | undefined;
  readonly color?: boolean | undefined;
  /** Leave out the lines above the table; the line of column names stays, as in `ps`. */
  readonly noHeader?: boolean | undefined;
  /** Terminal cells to keep to, by dropping columns and shortening names; absent: as wide as the data. */
  readonly width?: number | undefined;
}

/** Packet columns are for those who ask for room; without a width they would only make lines long. */
const WIDEST_PRIORITY = 12;

const GAP = " ".repeat(COLUMN_GAP);

/** A snapshot as a plain table, lines ended by newlines, nothing truncated unless `width` is given. */
export function renderTable(snapshot: Snapshot, options: TableOptions = {}): string {
  return buildTable(snapshot, options, new Map(), true).text;
}

export interface BuiltTable {
  readonly text: string;
  /** Cells of each column by its name, for the next table to keep to. */
  readonly widths: ReadonlyMap<string, number>;
}

/**
 * One of several tables that follow each other.
 *
 * @param leastWidths cells that a column takes at least, by its name
 * @param isHeaded with all lines above it; otherwise with when it is from and what is missing in it, and no column names
 */
export function buildTable(
  snapshot: Snapshot,
  options: TableOptions,
  leastWidths: ReadonlyMap<string, number>,
  isHeaded: boolean,
): BuiltTable {
  const units = options.units ?? "auto";
  const paint = createPaint(options.color === true ? 16 : 0);
  const rows = selectRows(snapshot, options);
  const lines: string[] = [];
  if (options.noHeader !== true) {
    lines.push(
      ...(isHeaded
        ? renderHeader(snapshot, rows.length, options.width, paint)
        : [joinFacts(describeChange(snapshot), options.width, paint)]),
    );
  }
  if (snapshot.flows.length === 0) {
    lines.push(describeEmpty(snapshot));
    return { text: `${lines.join("\n")}\n`, widths: leastWidths };
  }
  const cells = createCells(rows, units);
  const placed = placeColumns(snapshot, cells, units, options.width).map(({ column, width }) => ({
    column,
    width: options.width === undefined ? Math.max(width, leastWidths.get(column.name) ?? 0) : width,
  }));
  lines.push(...layOut(placed, rows, cells, units, paint).slice(isHeaded ? 0 : 1));
  return {
    text: `${lines.join("\n")}\n`,
    widths: new Map(placed.map(({ column, width }) => [column.name, width])),
  };
}

function renderHeader(
  snapshot: Snapshot,
  shown: number,
  width: number | undefined,
  paint: Paint,
): readonly string[] {
  const total = snapshot.flows.length;
  const hidden = shown < total ? [{ text: `rows ${shown} of ${total}`, isTrouble: false }] : [];
  const notes = describeNotes(snapshot).map((text) => ({ text, isTrouble: false }));
  const facts = [describeWindow(snapshot), [...hidden, ...describeHealth(snapshot)]];
  return [...facts, ...(notes.length === 0 ? [] : [notes])].map((line) => joinFacts(line, width, paint));
}

function joinFacts(facts: readonly Fact[], width: number | undefined, paint: Paint): string {
  const text = facts.map((fact) => fact.text).join("  ");
  if (width !== undefined && textWidth(text) > width) return truncateEnd(text, width);
  return facts.map((fact) => (fact.isTrouble ? paint.trouble(fact.text) : fact.text)).join("  ");
}

type CellTexts = (column: Column) => readonly string[];

/** Formats each column once, when it is first asked for. */
function createCells(rows: readonly Row[], units: Units): CellTexts {
  const texts = new Map<Column, readonly string[]>();
  return (column) => {
    const known = texts.get(column) ?? rows.map((row) => formatCell(column, column.value(row), units));
    texts.set(column, known);
    return known;
  };
}

function placeColumns(
  snapshot: Snapshot,
  cells: CellTexts,
  units: Units,
  width: number | undefined,
): readonly PlacedColumn[] {
  const columns = snapshotColumns(snapshot.group_by);
  const widest = (column: Column): number =>
    cells(column).reduce((max, text) => Math.max(max, textWidth(text)), 0);
  if (width !== undefined) {
    const names = columns.filter((column) => column.unit === "text" && column.priority !== null);
    const nameWidths = new Map(names.map((column) => [column.name, widest(column)]));
    return layoutColumns(columns, width, units, nameWidths).columns;
  }
  return columns
    .filter((column) => column.priority !== null && isShownUnasked(column))
    .map((column) => {
      const heading = formatHeading(column, units).length;
      return { column, width: Math.max(heading, widest(column), columnWidth(column, units)) };
    });
}

function isShownUnasked(column: Column): boolean {
  return column.unit === "text" || column.unit === "number" || (column.priority ?? 0) <= WIDEST_PRIORITY;
}

function layOut(
  placed: readonly PlacedColumn[],
  rows: readonly Row[],
  cells: CellTexts,
  units: Units,
  paint: Paint,
): readonly string[] {
  const heading = placed.map(({ column, width }) =>
    paint.heading(fitText(formatHeading(column, units, width), width, column.align)),
  );
  const body = rows.map((row, index) =>
    placed.map(({ column, width }) => {
      const text = fitText(cells(column)[index] ?? "", width, column.align);
      return paintCell(column, row, text, paint);
    }),
  );
  // The cells have their widths already, so what a table library would add is the gap.
  return [heading, ...body].map((texts) => texts.join(GAP).trimEnd());
}

/** Marks trouble and quietens zeros; used by every table, so that they read alike. */
export function paintCell(column: Column, row: Row, text: string, paint: Paint): string {
  if (column.unit === "text" || column.unit === "number") return text;
  const value = column.value(row);
  if (value === null || value === 0) return paint.quiet(text);
  return column.isTrouble ? paint.trouble(text) : text;
}
