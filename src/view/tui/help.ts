import { formatHeading } from "../cells.ts";
import type { Units } from "../format.ts";
import type { Paint } from "../paint.ts";
import { createPaint } from "../paint.ts";
import { fitText, textWidth, truncateEnd } from "../text.ts";
import { screenColumns } from "./columns.ts";
import { placeRegions } from "./geometry.ts";
import { bindingsFor } from "./keys.ts";
import type { TuiState } from "./state.ts";

/** Words of the screen. */
const WORDS: readonly (readonly [string, string])[] = [
  ["source", "the end on this host that was measured"],
  ["destination", "the other end"],
  ["client, server", "the end that connected, the end that accepted"],
  ["+ - at a row", "new, or without a connection any more"],
  ["order", "by the mean of the last seconds; every 5 s anew"],
  ["flows", "connections that the rows are made of"],
  ["lost", "connections not counted, or not wholly"],
  ["unattributed", "share of flows whose process is not known"],
  ["waiting", "connections over capacity: counted late"],
  ["N/A", "a tag that is not known; an unknown number is -"],
];

/** The longest word that gets all its room: the headings of two columns. */
const WORD_WIDTH = 20;

/** Two columns of text need this much. */
const TWO_COLUMNS = 140;

/** Keys, what the columns mean, then the words; as much as there is room for, from the line that it is scrolled to. */
export function helpLines(state: TuiState, height: number, paint: Paint): readonly string[] {
  const { mode, size } = state;
  const all = allLines(state, paint);
  const scroll = mode.kind === "help" ? Math.min(mode.scroll, lastScroll(all.length, height)) : 0;
  const shown = all.slice(scroll, scroll + height);
  if (scroll + height >= all.length || height < 2) return shown;
  return [...shown.slice(0, -1), paint.quiet(truncateEnd(" more: Down, PgDn or the wheel", size.columns))];
}

/** Moves the text by so many lines, as far as there is text. */
export function scrollHelp(state: TuiState, by: number): TuiState {
  if (state.mode.kind !== "help") return state;
  const last = lastScroll(allLines(state, createPaint(0)).length, placeRegions(state).body);
  const scroll = Math.max(0, Math.min(last, state.mode.scroll + by));
  return { ...state, mode: { kind: "help", scroll } };
}

function lastScroll(lines: number, height: number): number {
  return Math.max(0, lines - height);
}

function allLines(state: TuiState, paint: Paint): readonly string[] {
  const { columns } = state.size;
  const keys = bindingsFor(state.replay !== null).flatMap(({ help }) => (help === undefined ? [] : [help]));
  const left = [["Keys", keys]] as const;
  const right = [
    ["Columns", columnLines(state.units)],
    ["Words", WORDS],
  ] as const;
  if (columns < TWO_COLUMNS)
    return [...left, ...right].flatMap(([title, rows]) => section(title, rows, columns, paint));
  const half = Math.floor(columns / 2) - 1;
  const first = left.flatMap(([title, rows]) => section(title, rows, half, paint));
  const second = right.flatMap(([title, rows]) => section(title, rows, half, paint));
  return Array.from({ length: Math.max(first.length, second.length) }, (_, index) => {
    const line = first[index] ?? "";
    return `${line}${" ".repeat(Math.max(0, half - textWidth(line)))}  ${second[index] ?? ""}`;
  });
}

function section(
  title: string,
  rows: readonly (readonly [string, string])[],
  width: number,
  paint: Paint,
): readonly string[] {
  const word = Math.min(Math.max(...rows.map(([text]) => textWidth(text))), WORD_WIDTH);
  const lines = rows.map(([text, meaning]) =>
    truncateEnd(` ${fitText(text, word, "left")}  ${meaning}`, width),
  );
  return [paint.heading(truncateEnd(` ${title}`, width)), ...lines];
}

/** A line for each meaning: columns that mean the same in two directions share one. */
function columnLines(units: Units): readonly (readonly [string, string])[] {
  const headings = new Map<string, string[]>();
  for (const column of screenColumns([], "bandwidth")) {
    if (column.priority === null) continue;
    headings.set(column.meaning, [...(headings.get(column.meaning) ?? []), formatHeading(column, units)]);
  }
  return Array.from(headings, ([meaning, names]) => [names.join(", "), meaning]);
}
