import type { Standing } from "./standing.ts";
import type { Cell, Table } from "./table.ts";

/** Those of the tables of `ingest` and `history`, by the names of their columns; none of any other table. */
export function forwardQueryStandings({ title, columns, rows }: Table): readonly Standing[] {
  const cell = (row: readonly Cell[], column: string): Cell => row[columns.indexOf(column)] ?? null;
  const standing = (measure: string, npmon: Cell): Standing => ({ topic: "forward → query", measure, npmon });
  if (title.startsWith("ingest:")) {
    return rows.map((row) =>
      standing(`rows a second into the intake, senders: ${cell(row, "senders")}`, cell(row, "rows/s")),
    );
  }
  if (title.startsWith("history: questions")) {
    return rows.map((row) => standing(`s to answer: ${cell(row, "question")}`, cell(row, "s")));
  }
  return [];
}
