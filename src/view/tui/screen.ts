import { type ColorDepth, createPaint, type Paint } from "../paint.ts";
import { truncateEnd } from "../text.ts";
import { describeContext } from "./context.ts";
import { detailLines } from "./detail.ts";
import { bodyLines, headingLine } from "./flow-table.ts";
import { placeColumns, placeRegions } from "./geometry.ts";
import { headerLines } from "./header.ts";
import { helpLines } from "./help.ts";
import { keyLine } from "./key-line.ts";
import { overallLines } from "./overall.ts";
import { pickerLines } from "./picker-view.ts";
import { promptLines } from "./prompt-view.ts";
import type { Size, TuiState } from "./state.ts";

/** Below this a table tells nothing. */
const SMALLEST: Size = { columns: 12, rows: 5 };

/** What the terminal is to show. */
export interface Screen {
  /** From the top, none wider than the terminal, no more than it has. */
  readonly lines: readonly string[];
  /** Where text is being typed, from 0; `null` while nothing is, and no cursor is seen. */
  readonly cursor: { readonly column: number; readonly row: number } | null;
}

/** The whole screen; it depends on nothing but the state. */
export function renderScreen(state: TuiState, depth: ColorDepth): Screen {
  const { columns, rows } = state.size;
  if (columns < SMALLEST.columns || rows < SMALLEST.rows) {
    return { lines: [truncateEnd("too small (q quits)", columns)].slice(0, rows), cursor: null };
  }
  const paint = createPaint(depth);
  const regions = placeRegions(state);
  const layout = placeColumns(state);
  const prompt = promptLines(state, paint);
  const foot = state.mode.kind === "prompt" ? prompt.lines : [keyLine(state, layout, paint)];
  const context = truncateEnd(describeContext(state), columns);
  const lines = [
    ...fill(headerLines(state, paint), regions.header),
    ...fill(overallLines(state, regions.graph, paint), regions.graph),
    ...fill([context], regions.context),
    ...fill([headingLine(layout, state, paint)], regions.heading),
    ...fill(middleLines(state, layout, regions.body, paint), regions.body),
    ...fill(detailLines(state, regions.detail, paint), regions.detail),
    ...fill(foot, regions.foot),
  ].slice(0, rows);
  const cursor = state.mode.kind === "prompt" ? { column: prompt.cursor, row: lines.length - 1 } : null;
  return { lines, cursor };
}

function middleLines(
  state: TuiState,
  layout: Parameters<typeof bodyLines>[0],
  height: number,
  paint: Paint,
): readonly string[] {
  switch (state.mode.kind) {
    case "help":
      return helpLines(state, height, paint);
    case "picker":
      return pickerLines(state, height, paint);
    default:
      return bodyLines(layout, state, height, paint);
  }
}

/** Exactly `height` lines. */
function fill(lines: readonly string[], height: number): readonly string[] {
  return Array.from({ length: height }, (_, index) => lines[index] ?? "");
}
