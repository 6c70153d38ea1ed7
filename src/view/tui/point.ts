import { COLUMN_GAP } from "../layout.ts";
import { MARK_WIDTH, placeColumns, placeRegions, startOf } from "./geometry.ts";
import { scrollHelp } from "./help.ts";
import type { Input } from "./input.ts";
import { hintAt } from "./key-line.ts";
import { obey, sortByColumn } from "./obey.ts";
import { moveCursor, shownTags } from "./picker.ts";
import { pickerTop } from "./picker-view.ts";
import { selectRow } from "./selection.ts";
import type { TuiState } from "./state.ts";

/** Rows that one notch of the wheel moves by. */
const WHEEL_ROWS = 3;

/** What the mouse does: the wheel moves the selection; a click takes a row, sorts by a heading, or presses a key of the last line. */
export function point(state: TuiState, input: Extract<Input, { type: "mouse" }>): TuiState {
  if (input.button !== "left") return turnWheel(state, input.button === "wheel-up" ? -1 : 1);
  const regions = placeRegions(state);
  const inBody = input.row - startOf(regions, "body");
  if (state.mode.kind === "picker") return clickTag(state, inBody);
  if (state.mode.kind !== "table") return state;
  if (input.row === startOf(regions, "heading")) return clickHeading(state, input.column);
  if (inBody >= 0 && inBody < regions.body) {
    const index = state.scroll + inBody;
    return index < state.rows.length ? selectRow(state, index) : state;
  }
  if (input.row < startOf(regions, "foot")) return state;
  const command = hintAt(state, input.column);
  return command === null ? state : obey(state, command);
}

function turnWheel(state: TuiState, by: 1 | -1): TuiState {
  const { mode } = state;
  switch (mode.kind) {
    case "help":
      return scrollHelp(state, by * WHEEL_ROWS);
    case "picker":
      return { ...state, mode: { ...mode, picker: moveCursor(mode.picker, mode.picker.cursor + by) } };
    case "prompt":
      return state;
    case "table":
      return selectRow(state, state.selected + by * WHEEL_ROWS);
  }
}

function clickTag(state: TuiState, line: number): TuiState {
  if (state.mode.kind !== "picker") return state;
  const { picker } = state.mode;
  const index = pickerTop(state) + line;
  if (line < 0 || index < 0 || index >= shownTags(picker).length) return state;
  return { ...state, mode: { ...state.mode, picker: moveCursor(picker, index) } };
}

function clickHeading(state: TuiState, column: number): TuiState {
  let start = MARK_WIDTH;
  for (const placed of placeColumns(state).columns) {
    if (column >= start && column < start + placed.width) return sortByColumn(state, placed.column);
    start += placed.width + COLUMN_GAP;
  }
  return state;
}
