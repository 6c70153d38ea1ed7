import { formatCount } from "../format.ts";
import type { Layout } from "../layout.ts";
import type { Paint } from "../paint.ts";
import { formatSafe, textWidth, truncateEnd } from "../text.ts";
import { bodyHeight, placeColumns } from "./geometry.ts";
import { bindingsFor, type Command } from "./keys.ts";
import { sortedColumns } from "./measure.ts";
import type { TuiState } from "./state.ts";

/** The first hints, for leaving and for help, come before anything else. */
const WAY_OUT = 2;

interface Hint {
  readonly text: string;
  /** `null` where a click does nothing. */
  readonly command: Command | null;
}

/** The last line: which keys do what, or what has just to be said; at the right end what the screen does not show. */
export function keyLine(state: TuiState, layout: Layout, paint: Paint): string {
  const { notice, size } = state;
  const { hints, position } = fitHints(state, layout);
  const keys =
    notice === null
      ? ` ${joined(hints.map(({ text }) => text))}`
      : truncateEnd(` ${formatSafe(notice.text)}`, Math.max(0, size.columns - textWidth(position) - 2));
  const gap = " ".repeat(Math.max(0, size.columns - textWidth(keys) - textWidth(position)));
  const style = notice === null ? paint.quiet : notice.isTrouble ? paint.trouble : paint.title;
  return style(keys) + paint.quiet(gap + position);
}

/** The command whose hint stands at a cell of the last line. */
export function hintAt(state: TuiState, column: number): Command | null {
  if (state.notice !== null) return null;
  let start = 1;
  for (const { text, command } of fitHints(state, placeColumns(state)).hints) {
    if (column >= start && column < start + textWidth(text)) return command;
    start += textWidth(text) + 2;
  }
  return null;
}

function fitHints(
  state: TuiState,
  layout: Layout,
): { readonly hints: readonly Hint[]; readonly position: string } {
  const { columns } = state.size;
  const hints = hintsOf(state);
  const wayOut = joined(hints.slice(0, WAY_OUT).map(({ text }) => text));
  const position = joined(fitting(describePosition(state, layout), columns - textWidth(wayOut) - 4));
  const room = columns - textWidth(position) - 3;
  const shown = fitting(
    hints.map(({ text }) => text),
    room,
  );
  return { hints: hints.slice(0, shown.length), position };
}

function hintsOf({ mode, replay, visited }: TuiState): readonly Hint[] {
  if (mode.kind === "help")
    return [
      { text: "any key goes back", command: null },
      { text: "Up Down scroll", command: null },
    ];
  if (mode.kind === "picker") {
    const words = ["Enter take it", "Esc back", "Space add or change", "Tab client/server", "type to narrow"];
    return words.map((text) => ({ text, command: null }));
  }
  const hints = bindingsFor(replay !== null).flatMap(({ hint, command }) =>
    hint === undefined ? [] : [{ text: hint, command }],
  );
  const back: Hint = { text: "Esc back", command: "back" };
  return visited.length === 0 ? hints : [...hints.slice(0, WAY_OUT), back, ...hints.slice(WAY_OUT)];
}

/** As many of `parts` as fit, two cells apart. */
function fitting(parts: readonly string[], width: number): readonly string[] {
  let count = 0;
  while (count < parts.length && textWidth(joined(parts.slice(0, count + 1))) <= width) count++;
  return parts.slice(0, count);
}

function joined(parts: readonly string[]): string {
  return parts.join("  ");
}

/** Where in the rows the screen is, what it is ordered by when no heading shows it, and what does not fit. */
function describePosition(state: TuiState, layout: Layout): readonly string[] {
  const { rows, scroll, shown, sort, mode } = state;
  if (mode.kind !== "table" || shown === null || rows.length === 0) return [];
  const parts: string[] = [];
  const last = Math.min(rows.length, scroll + bodyHeight(state));
  if (last - scroll < rows.length) {
    parts.push(`${formatCount(scroll + 1)}-${formatCount(last)} of ${formatCount(rows.length)}`);
  }
  const sorted = sortedColumns(sort);
  if (!layout.columns.some(({ column }) => sorted.includes(column.name))) {
    parts.push(`by ${formatSafe(sort.replace(/^-/, ""))}`);
  }
  if (layout.hidden.length > 0) parts.push(`+${layout.hidden.length} if wider`);
  return parts;
}
