import { Box } from "ink";
import type { ReactElement } from "react";
import { formatHeading } from "../cells.ts";
import { snapshotColumns } from "../columns.ts";
import type { Units } from "../format.ts";
import type { Paint } from "../paint.ts";
import { truncateEnd } from "../text.ts";
import { BINDINGS } from "./keys.ts";
import { Line } from "./line.tsx";
import type { TuiState } from "./state.ts";

interface HelpProps {
  readonly state: TuiState;
  readonly paint: Paint;
  /** Lines there are. */
  readonly height: number;
}

/** Words of the header, for a screen tall enough to explain them. */
const WORDS: readonly (readonly [string, string])[] = [
  ["source", "the end on this host that was measured; destination is the other"],
  ["flows", "connections that the rows are made of"],
  ["lost", "connections whose numbers, or a part of them, were not counted"],
  ["unattributed", "share of the flows whose local process is not known"],
  ["waiting", "connections over capacity: counted late, not lost"],
  ["N/A", "a tag that is not known; a number that is not known is -"],
];

/** Keys, what the columns mean, then the words, as far as the screen goes. */
export function Help({ state, paint, height }: HelpProps): ReactElement {
  return (
    <Box flexDirection="column" flexGrow={1}>
      {helpLines(state.units, state.size.columns, paint)
        .slice(0, height)
        .map((line, index) => (
          <Line key={String(index)} text={line} width={state.size.columns} />
        ))}
    </Box>
  );
}

function helpLines(units: Units, width: number, paint: Paint): readonly string[] {
  const keys = BINDINGS.filter(({ help }) => help !== "").map(({ help }) => ` ${help}`);
  const words = WORDS.map(([word, meaning]) => ` ${word.padEnd(20)} ${meaning}`);
  const short = (lines: readonly string[]): readonly string[] =>
    lines.map((line) => truncateEnd(line, width));
  return [
    ...short(keys),
    paint.heading(truncateEnd(" Columns", width)),
    ...short(columnLines(units)),
    paint.heading(truncateEnd(" Words", width)),
    ...short(words),
  ];
}

/** A line for each meaning: columns that mean the same in two directions share one. */
function columnLines(units: Units): readonly string[] {
  const headings = new Map<string, string[]>();
  for (const column of snapshotColumns([])) {
    if (column.priority === null) continue;
    headings.set(column.meaning, [...(headings.get(column.meaning) ?? []), formatHeading(column, units)]);
  }
  return Array.from(headings, ([meaning, names]) => ` ${names.join(", ").padEnd(20)} ${meaning}`);
}
