import type { Column } from "../column.ts";
import { snapshotColumns } from "../columns.ts";

/**
 * What is shown of the past and how much it is wanted: what was moved and how fast, then how well it went. Names are
 * shortened for those up to 2, which fit 80 cells.
 */
const SHOWN: readonly (readonly [name: string, priority: number])[] = [
  ["bytes_sent", 1],
  ["bytes_received", 1],
  ["sent", 1],
  ["received", 1],
  ["retransmits", 2],
  ["failed", 3],
  ["rtt", 4],
  ["opened", 5],
  ["closed", 6],
  ["jitter", 7],
  ["packets_sent", 8],
  ["packets_received", 9],
];

/** The tags of a row, then totals, rates and the rest. */
export function historyColumns(groupBy: readonly string[]): readonly Column[] {
  const all = snapshotColumns(groupBy);
  const tags = all.filter(
    ({ unit, priority }) => (unit === "text" || unit === "number") && priority !== null,
  );
  const numbers = SHOWN.flatMap(([name, priority]) => {
    const column = all.find((each) => each.name === name);
    return column === undefined ? [] : [{ ...column, priority }];
  });
  return [...tags, ...numbers];
}

/** A column made for one view. */
export function createColumn(
  fields: Pick<Column, "name" | "heading" | "unit" | "priority"> & Partial<Column>,
): Column {
  return {
    shortHeading: fields.heading,
    align: fields.unit === "text" || fields.unit === "graph" ? "left" : "right",
    width: 0,
    meaning: "",
    isTrouble: false,
    value: () => null,
    ...fields,
  };
}
