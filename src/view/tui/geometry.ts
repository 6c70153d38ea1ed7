import { type Layout, layoutColumns } from "../layout.ts";
import { HISTORY, HISTORY_TICKS, screenColumns } from "./columns.ts";
import { describeContext } from "./context.ts";
import type { TuiState } from "./state.ts";

/** Cells before the table: the mark of the selected row and that of new and closing ones. */
export const MARK_WIDTH = 2;

/** Below these there is no room for the part. */
const ROWS_FOR_GRAPH = 14;
const ROWS_FOR_TALL_GRAPH = 36;
const TALL_GRAPH = 4;

/** Lines of the table that are left beside a detail pane. */
const LEAST_TABLE = 4;
const DETAIL_LINES = 9;
const TALL_DETAIL_LINES = 14;

/** Where each part of the screen is, in lines from the top. A part without lines is not there. */
export interface Regions {
  /** Where and when, and health. */
  readonly header: number;
  /** What is looked at: the way here, filter, why no better tier. */
  readonly context: number;
  readonly graph: number;
  /** The line of column names. */
  readonly heading: number;
  /** Rows, or whatever takes their place. */
  readonly body: number;
  readonly detail: number;
  /** Keys; or a message and the line being typed. */
  readonly foot: number;
}

export function placeRegions(
  state: Pick<TuiState, "size" | "shown" | "mode" | "isDetailOpen" | "question" | "title">,
): Regions {
  const { size, mode } = state;
  const header = Math.min(2, size.rows);
  const foot = mode.kind === "prompt" ? 2 : 1;
  const context = describeContext(state) === "" ? 0 : 1;
  const graph = size.rows >= ROWS_FOR_TALL_GRAPH ? TALL_GRAPH : size.rows >= ROWS_FOR_GRAPH ? 1 : 0;
  const isTable = mode.kind === "table" || mode.kind === "prompt";
  const heading = isTable ? 1 : 0;
  const left = Math.max(0, size.rows - header - foot - context - graph - heading);
  const wanted = size.rows >= ROWS_FOR_TALL_GRAPH ? TALL_DETAIL_LINES : DETAIL_LINES;
  const detail = isTable && state.isDetailOpen ? Math.max(0, Math.min(wanted, left - LEAST_TABLE)) : 0;
  return { header, context, graph, heading, body: left - detail, detail, foot };
}

/** Line of the screen on which the part that comes after `before` begins. */
export function startOf(regions: Regions, part: keyof Regions): number {
  let line = 0;
  for (const name of ORDER) {
    if (name === part) return line;
    line += regions[name];
  }
  return line;
}

const ORDER = ["header", "graph", "context", "heading", "body", "detail", "foot"] as const;

/** Lines for rows; at least none. */
export function bodyHeight(state: Parameters<typeof placeRegions>[0]): number {
  return placeRegions(state).body;
}

/** The columns that fit the screen. */
export function placeColumns({
  size,
  shown,
  units,
  measure,
  nameWidths,
}: Pick<TuiState, "size" | "shown" | "units" | "measure" | "nameWidths">): Layout {
  const columns = screenColumns(shown?.group_by ?? [], measure);
  const widths = new Map(nameWidths).set(HISTORY.name, HISTORY_TICKS);
  return layoutColumns(columns, Math.max(1, size.columns - MARK_WIDTH), units, widths);
}
