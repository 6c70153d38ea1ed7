import type { Aim, Standing } from "./standing.ts";
import type { Cell, Table } from "./table.ts";

const ROWS_A_SECOND: Aim = { of: "npmon", bound: "at least", value: 50_000 };
/** Of the question that begins with this, s. */
const ASKED = "service × service, with a filter";
const SECONDS: Aim = { of: "npmon", bound: "at most", value: 1 };

/** The command, from its start to its end. */
const COMMAND = "history: `npmon query`";

/** Those of the tables of `ingest` and `history`, by the names of their columns; none of any other table. */
export function forwardQueryStandings({ title, columns, rows }: Table): readonly Standing[] {
  const cell = (row: readonly Cell[], column: string): Cell => row[columns.indexOf(column)] ?? null;
  const standing = (measure: string, npmon: Cell, aim?: Aim): Standing => ({
    topic: "forward → query",
    measure,
    npmon,
    ...(aim !== undefined && { aim }),
  });
  if (title.startsWith("ingest:")) {
    return rows.map((row) =>
      standing(
        `rows a second into the intake, senders: ${cell(row, "senders")}`,
        cell(row, "rows/s"),
        ROWS_A_SECOND,
      ),
    );
  }
  if (title.startsWith("history: questions")) {
    return rows.map((row) => {
      const question = String(cell(row, "question"));
      return standing(
        `s to answer: ${question}`,
        cell(row, "s"),
        question.startsWith(ASKED) ? SECONDS : undefined,
      );
    });
  }
  if (title.startsWith(COMMAND)) {
    return rows.map((row) => {
      const command = String(cell(row, "command"));
      return standing(
        `s from start to end: ${command}`,
        cell(row, "s"),
        command.includes(ASKED) ? SECONDS : undefined,
      );
    });
  }
  return [];
}
