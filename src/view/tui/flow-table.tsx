import { Box } from "ink";
import type { ReactElement } from "react";
import { formatCell, formatHeading } from "../cells.ts";
import type { Units } from "../format.ts";
import { COLUMN_GAP, type Layout } from "../layout.ts";
import type { Paint } from "../paint.ts";
import type { Row } from "../row.ts";
import { describeEmpty } from "../status.ts";
import { paintCell } from "../table.ts";
import { fitText, truncateEnd } from "../text.ts";
import { bodyHeight, MARK_WIDTH, placeColumns } from "./geometry.ts";
import { describeCollecting } from "./header.tsx";
import { Line } from "./line.tsx";
import type { TuiState } from "./state.ts";

const GAP = " ".repeat(COLUMN_GAP);

interface FlowTableProps {
  readonly state: TuiState;
  readonly paint: Paint;
}

/** The line of column names and the rows that are in view, or one line that says why there are none. */
export function FlowTable({ state, paint }: FlowTableProps): ReactElement {
  const { columns } = state.size;
  const layout = placeColumns(state);
  const isEmpty = state.rows.length === 0;
  const lines = isEmpty
    ? ["", truncateEnd(` ${describeNothing(state)}`, columns)]
    : rowLines(state, layout, paint);
  return (
    <Box flexDirection="column" flexGrow={1}>
      <Line text={isEmpty ? "" : headingLine(layout, state, paint)} width={columns} />
      {lines.slice(0, bodyHeight(state)).map((line, index) => (
        <Line key={String(index)} text={line} width={columns} />
      ))}
    </Box>
  );
}

function describeNothing({ shown, intervalMs }: TuiState): string {
  return shown === null ? describeCollecting(intervalMs) : describeEmpty(shown);
}

function headingLine({ columns }: Layout, { sort, units }: TuiState, paint: Paint): string {
  const sortName = sort.replace(/^-/, "");
  const arrow = sort.startsWith("-") ? "↓" : "↑";
  const cells = columns.map(({ column, width }, index) => {
    const gap = index === 0 ? 0 : COLUMN_GAP;
    if (column.name !== sortName) {
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

function rowLines(state: TuiState, layout: Layout, paint: Paint): readonly string[] {
  const { rows, scroll, selected, units, size } = state;
  return rows.slice(scroll, scroll + bodyHeight(state)).map((row, index) => {
    if (scroll + index !== selected) return ` ${rowCells(row, layout, units, paint).join(GAP)}`;
    // Plain inside: an inverse line with colours of its own is hard to read.
    const line = `>${rowCells(row, layout, units, null).join(GAP)}`;
    return paint.selected(fitText(line, size.columns, "left"));
  });
}

function rowCells(row: Row, { columns }: Layout, units: Units, paint: Paint | null): readonly string[] {
  return columns.map(({ column, width }) => {
    const text = fitText(formatCell(column, column.value(row), units), width, column.align);
    return paint === null ? text : paintCell(column, row, text, paint);
  });
}
