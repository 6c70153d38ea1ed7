import type { ReactElement } from "react";
import { formatCount } from "../format.ts";
import type { Paint } from "../paint.ts";
import { formatSafe, textWidth } from "../text.ts";
import { bodyHeight, placeColumns } from "./geometry.ts";
import { BINDINGS } from "./keys.ts";
import { Line } from "./line.tsx";
import type { TuiState } from "./state.ts";

interface KeyLineProps {
  readonly state: TuiState;
  readonly paint: Paint;
}

/** The last line: which keys do what, and at the right end what the screen does not show. */
export function KeyLine({ state, paint }: KeyLineProps): ReactElement {
  const { columns } = state.size;
  const hints = BINDINGS.flatMap(({ hint }) => (hint === undefined ? [] : [hint]));
  const wayOut = hints.slice(0, WAY_OUT);
  const position = joinWhile(describePosition(state), columns - textWidth(wayOut.join("  ")) - 4);
  const keys = ` ${joinWhile(hints, columns - textWidth(position) - 3)}`;
  const gap = " ".repeat(Math.max(0, columns - textWidth(keys) - textWidth(position)));
  return <Line text={paint.quiet(keys + gap + position)} width={columns} />;
}

/** The first hints, for leaving and for help, come before anything else. */
const WAY_OUT = 2;

/** As many of `parts` as fit, two cells apart. */
function joinWhile(parts: readonly string[], width: number): string {
  let line = "";
  for (const part of parts) {
    const longer = line === "" ? part : `${line}  ${part}`;
    if (textWidth(longer) > width) break;
    line = longer;
  }
  return line;
}

/** Where in the rows the screen is, what it is ordered by when no heading shows it, and what does not fit. */
function describePosition(state: TuiState): readonly string[] {
  const { rows, scroll, shown, sort, isHelpOpen } = state;
  if (isHelpOpen || shown === null || rows.length === 0) return [];
  const parts: string[] = [];
  const last = Math.min(rows.length, scroll + bodyHeight(state));
  if (last - scroll < rows.length) {
    parts.push(`${formatCount(scroll + 1)}-${formatCount(last)} of ${formatCount(rows.length)}`);
  }
  const layout = placeColumns(state);
  const sortName = sort.replace(/^-/, "");
  if (!layout.columns.some(({ column }) => column.name === sortName))
    parts.push(`by ${formatSafe(sortName)}`);
  if (layout.hidden.length > 0) parts.push(`+${layout.hidden.length} columns if wider`);
  return parts;
}
