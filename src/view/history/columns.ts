import type { Column } from "../column.ts";
import { snapshotColumns } from "../columns.ts";

/** What is shown of the past, the most wanted first: what was moved and how fast, then how well it went. */
const SHOWN = [
  "bytes_sent",
  "bytes_received",
  "sent",
  "received",
  "retransmits",
  "failed",
  "rtt",
  "opened",
  "closed",
  "jitter",
  "packets_sent",
  "packets_received",
];

/** The tags of a row, then totals, rates and the rest. */
export function historyColumns(groupBy: readonly string[]): readonly Column[] {
  const all = snapshotColumns(groupBy);
  const tags = all.filter(
    ({ unit, priority }) => (unit === "text" || unit === "number") && priority !== null,
  );
  const numbers = SHOWN.flatMap((name, index) => {
    const column = all.find((each) => each.name === name);
    return column === undefined ? [] : [{ ...column, priority: index + 1 }];
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
