import type { Column } from "../column.ts";
import { snapshotColumns } from "../columns.ts";
import { MEASURE_COLUMNS, type Measure } from "./measure.ts";

/** The recent traffic of a row as a line of bars; only a screen has it. */
export const HISTORY: Column = {
  name: "history",
  heading: "HISTORY",
  shortHeading: "HISTORY",
  unit: "graph",
  align: "right",
  priority: 7,
  width: 10,
  meaning: "both directions in the last windows, each row to its own scale",
  isTrouble: false,
  value: () => null,
};

/** Ticks that {@link HISTORY} shows when there is room. */
export const HISTORY_TICKS = 30;

/** The columns of a screen: those of every table, with the chosen measure first and the recent past after it. */
export function screenColumns(groupBy: readonly string[], measure: Measure): readonly Column[] {
  const all = snapshotColumns(groupBy);
  const names = all.filter(isName);
  const numbers = all.filter((column) => !isName(column));
  const { sent, received } = MEASURE_COLUMNS[measure];
  const main = [withPriority(numbers, sent, 1), withPriority(numbers, received, 2)];
  const rest = numbers.filter(({ name }) => name !== sent && name !== received).map(lessVital);
  return [...names, ...main, HISTORY, ...rest];
}

export function isName({ unit }: Column): boolean {
  return unit === "text" || unit === "number";
}

function withPriority(columns: readonly Column[], name: string, priority: number): Column {
  const column = columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new Error(`there is no column ${name}`);
  return { ...column, priority };
}

/** The bandwidth columns come after what replaces them. */
function lessVital(column: Column): Column {
  return column.name === "sent" || column.name === "received" ? { ...column, priority: 8 } : column;
}
