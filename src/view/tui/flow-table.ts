import { formatCell, formatHeading } from "../cells.ts";
import type { Column } from "../column.ts";
import { sparkline } from "../graph.ts";
import { COLUMN_GAP, type Layout } from "../layout.ts";
import type { Paint } from "../paint.ts";
import type { Row, RowPhase } from "../row.ts";
import { describeEmpty } from "../status.ts";
import { paintCell } from "../table.ts";
import { fitText, truncateEnd } from "../text.ts";
import { isName } from "./columns.ts";
import { MARK_WIDTH } from "./geometry.ts";
import { describeCollecting } from "./header.ts";
import { sortedColumns } from "./measure.ts";
import type { TuiState } from "./state.ts";

const GAP = " ".repeat(COLUMN_GAP);

/** Marks of the rows that are not simply there. */
const PHASE_MARKS: Readonly<Record<RowPhase, string>> = { new: "+", steady: " ", closing: "-", gone: "-" };

/** The line of column names. */
export function headingLine({ columns }: Layout, { sort, units, rows }: TuiState, paint: Paint): string {
  if (rows.length === 0) return "";
  const sorted = sortedColumns(sort);
  const arrow = sort.startsWith("-") ? "↓" : "↑";
  const cells = columns.map(({ column, width }, index) => {
    const gap = index === 0 ? 0 : COLUMN_GAP;
    if (!sorted.includes(column.name)) {
      return (
        " ".repeat(gap) + paint.heading(fitText(formatHeading(column, units, width), width, column.align))
      );
    }
    // The arrow takes a cell of the gap where the heading needs all of its own.
    return column.align === "left"
      ? " ".repeat(gap) +
          paint.title(fitText(`${formatHeading(column, units, width - 1)}${arrow}`, width, "left"))
      : paint.title(fitText(`${arrow}${formatHeading(column, units, width)}`, width + gap, "right"));
  });
  return " ".repeat(MARK_WIDTH) + cells.join("");
}

/** The rows that are in view, or one line that says why there are none. */
export function bodyLines(layout: Layout, state: TuiState, height: number, paint: Paint): readonly string[] {
  const { rows, scroll, selected, size } = state;
  if (rows.length === 0) return ["", truncateEnd(` ${describeNothing(state)}`, size.columns)];
  return rows.slice(scroll, scroll + height).map((row, index) => {
    if (scroll + index === selected) {
      // Plain inside: an inverse line with colours of its own is hard to read.
      const cells = layout.columns.map(({ column, width }) => cellText(row, column, width, state));
      const line = `>${PHASE_MARKS[row.phase]}${cells.join(GAP)}`;
      return paint.selected(fitText(line, size.columns, "left"));
    }
    return rowLine(row, layout, state, paint);
  });
}

function rowLine(row: Row, { columns }: Layout, state: TuiState, paint: Paint): string {
  if (row.phase === "gone") {
    const cells = columns.map(({ column, width }) => cellText(row, column, width, state));
    return paint.quiet(` ${PHASE_MARKS.gone}${cells.join(GAP)}`);
  }
  const mark = PHASE_MARKS[row.phase];
  const cells = columns.map(({ column, width }) => {
    const text = cellText(row, column, width, state);
    if (column.unit === "graph") return paint.quiet(text);
    if (!isName(column)) return paintCell(column, row, text, paint);
    const value = column.value(row);
    return typeof value === "string" ? paint.name(text, value) : value === null ? paint.quiet(text) : text;
  });
  return ` ${row.phase === "new" ? paint.fresh(mark) : mark}${cells.join(GAP)}`;
}

function cellText(row: Row, column: Column, width: number, { units, shownLedger }: TuiState): string {
  if (column.unit !== "graph")
    return fitText(formatCell(column, column.value(row), units), width, column.align);
  const sent = shownLedger.series(row.key, "sent", width);
  const received = shownLedger.series(row.key, "received", width);
  return sparkline(
    sent.map((value, index) => value + (received[index] ?? 0)),
    width,
  );
}

function describeNothing({ shown, question }: TuiState): string {
  return shown === null ? describeCollecting(question?.intervalMs ?? null) : describeEmpty(shown);
}
