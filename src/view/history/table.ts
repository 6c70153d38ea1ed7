import type { Snapshot } from "../../snapshot/snapshot.ts";
import { formatCell } from "../cells.ts";
import type { Units } from "../format.ts";
import { createPaint } from "../paint.ts";
import { createRow, selectRows } from "../rows.ts";
import { paintCell } from "../table.ts";
import { historyColumns } from "./columns.ts";
import { type GridColumn, renderGrid } from "./grid.ts";
import {
  describeCompleteness,
  describeFilter,
  describeNothing,
  describePeriod,
  describeReporters,
  joinFacts,
  plain,
  type Reporters,
} from "./header.ts";
import { sumOf } from "./whole.ts";

export interface HistoryOptions {
  readonly reporters: Reporters;
  readonly units: Units;
  readonly color?: boolean | undefined;
  /** Leave out the lines above; the names of columns stay. */
  readonly noHeader?: boolean | undefined;
  /** Terminal cells to keep to; absent: as wide as the data. */
  readonly width?: number | undefined;
  readonly sort?: string | undefined;
  /** At most so many rows. */
  readonly rows?: number | undefined;
}

/** One window of the past: totals and rates, and a line for all rows together. */
export function renderHistoryTable(snapshot: Snapshot, options: HistoryOptions): string {
  const { reporters, units, width } = options;
  const paint = createPaint(options.color === true ? 16 : 0);
  const rows = selectRows(snapshot, options);
  const total = snapshot.flows.length;
  const lines: string[] = [];
  if (options.noHeader !== true) {
    const counted = rows.length < total ? `rows ${rows.length} of ${total}` : `rows ${total}`;
    lines.push(
      ...[
        [plain(describeReporters(reporters)), plain(describePeriod(snapshot))],
        [plain(counted), ...describeCompleteness(snapshot, reporters)],
        ...describeFilter(snapshot),
      ].flatMap((facts) => joinFacts(facts, width, paint)),
    );
  }
  if (total === 0) {
    lines.push(describeNothing(snapshot, reporters));
    return `${lines.join("\n")}\n`;
  }
  const all = createRow("", sumOf(snapshot), snapshot.interval_ms, undefined);
  const isSummed = total > 1;
  const columns = historyColumns(snapshot.group_by).map((column, index): GridColumn => {
    const isTag = column.unit === "text" || column.unit === "number";
    const label = column.unit === "text" ? `all ${total} rows` : "all";
    const last = isTag ? (index === 0 ? label : "") : formatCell(column, column.value(all), units);
    const cells = rows.map((row) => formatCell(column, column.value(row), units));
    return {
      column,
      cells: isSummed ? [...cells, last] : cells,
      paint: (cell, at) => {
        const row = rows[at];
        return row === undefined ? paint.title(cell) : paintCell(column, row, cell, paint);
      },
    };
  });
  lines.push(...renderGrid(columns, { units, paint, width }).lines);
  return `${lines.join("\n")}\n`;
}
