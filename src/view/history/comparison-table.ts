import type { TagValue } from "../../flow/tags.ts";
import type { Snapshot, SnapshotFlow } from "../../snapshot/snapshot.ts";
import { formatCell } from "../cells.ts";
import type { Column } from "../column.ts";
import { snapshotColumns } from "../columns.ts";
import { formatBandwidth, formatPercent, type Units } from "../format.ts";
import { createPaint } from "../paint.ts";
import { createColumn } from "./columns.ts";
import { type ComparedRow, type Comparison, perSecond } from "./comparison.ts";
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
import type { HistoryOptions } from "./table.ts";

export interface ComparisonOptions extends Omit<HistoryOptions, "sort"> {
  readonly reportersBefore: Reporters;
}

/** Under `now` and `before`. */
const INDENT = " ".repeat("before ".length);

/** A row now beside the same row before. */
export function renderComparison(comparison: Comparison, options: ComparisonOptions): string {
  const { now, before } = comparison;
  const { units, width } = options;
  const paint = createPaint(options.color === true ? 16 : 0);
  const rows = comparison.rows.slice(0, options.rows);
  const lines: string[] = [];
  if (options.noHeader !== true) lines.push(...renderHeader(comparison, rows.length, options));
  if (comparison.rows.length === 0) {
    lines.push(describeNothing(now, options.reporters));
    lines.push(`before: ${describeNothing(before, options.reportersBefore)}`);
    return `${lines.join("\n")}\n`;
  }
  const tags = snapshotColumns(now.group_by).filter(
    ({ unit, priority }) => (unit === "text" || unit === "number") && priority !== null,
  );
  const names = tags.map(
    (tag): GridColumn => ({
      column: tag,
      cells: rows.map((row) => formatCell(tag, tagOf(tag, row), units)),
    }),
  );
  const isTrouble = (row: ComparedRow | undefined): boolean => row?.state === "new" || row?.state === "gone";
  const mark = (cell: string, at: number): string => (isTrouble(rows[at]) ? paint.title(cell) : cell);
  const numbers: GridColumn[] = [
    {
      column: createColumn({ name: "before", heading: "BEFORE", unit: "bandwidth", priority: 2 }),
      cells: rows.map((row) => (row.state === "new" ? "-" : formatBandwidth(perSecond(row.before), units))),
    },
    {
      column: createColumn({ name: "now", heading: "NOW", unit: "bandwidth", priority: 1 }),
      cells: rows.map((row) => (row.state === "gone" ? "-" : formatBandwidth(perSecond(row.now), units))),
    },
    {
      column: createColumn({ name: "change", heading: "CHANGE", unit: "bandwidth", priority: 3, width: 11 }),
      cells: rows.map(({ changePerSecond }) => formatChange(changePerSecond, units)),
    },
    {
      column: createColumn({ name: "change_share", heading: "%", unit: "count", priority: 2, width: 6 }),
      cells: rows.map(formatShare),
      paint: mark,
    },
    ...(["retransmits", "failed", "opened", "rtt"] as const).flatMap((name, index) =>
      pairOf(name, 4 + index * 2, now.group_by, rows, units),
    ),
  ];
  lines.push(...renderGrid([...names, ...numbers], { units, paint, width }).lines);
  return `${lines.join("\n")}\n`;
}

function renderHeader(
  { now, before, rows }: Comparison,
  shown: number,
  { reporters, reportersBefore, width, color }: ComparisonOptions,
): readonly string[] {
  const paint = createPaint(color === true ? 16 : 0);
  const count = (state: string): number => rows.filter((row) => row.state === state).length;
  const counted = shown < rows.length ? `rows ${shown} of ${rows.length}` : `rows ${rows.length}`;
  const side = (word: string, snapshot: Snapshot, who: Reporters) => [
    plain(`${word.padEnd(INDENT.length)}${describePeriod(snapshot)}`),
    plain(describeReporters(who)),
    ...describeCompleteness(snapshot, who),
  ];
  return [
    side("now", now, reporters),
    side("before", before, reportersBefore),
    [
      plain(`${counted}: ${count("new")} new, ${count("gone")} gone`),
      plain("rates of sent and received together"),
    ],
    ...describeFilter(now),
  ].flatMap((facts) => joinFacts(facts, width, paint, INDENT));
}

/** What something was, and what it is now. */
function pairOf(
  name: string,
  priority: number,
  groupBy: readonly string[],
  rows: readonly ComparedRow[],
  units: Units,
): readonly GridColumn[] {
  const column = snapshotColumns(groupBy).find((each) => each.name === name);
  if (column === undefined) return [];
  const cells = rows.map(({ before, now, state }) => {
    const text = (row: ComparedRow["now"], isThere: boolean) =>
      isThere ? formatCell(column, column.value(row), units) : "-";
    return `${text(before, state !== "new")} → ${text(now, state !== "gone")}`;
  });
  const own = createColumn({
    name,
    heading: column.heading,
    unit: column.unit,
    priority,
    width: cells.reduce((max, cell) => Math.max(max, cell.length), 0),
  });
  return [{ column: own, cells }];
}

function tagOf(column: Column, { now, flow }: ComparedRow): TagValue {
  return column.value({ ...now, flow: flow satisfies SnapshotFlow });
}

function formatChange(bytesPerSecond: number, units: Units): string {
  const sign = bytesPerSecond > 0 ? "+" : bytesPerSecond < 0 ? "-" : "";
  return `${sign}${formatBandwidth(Math.abs(bytesPerSecond), units)}`;
}

/** Beyond this a factor says more than percents. */
const MANY_TIMES = 10;

function formatShare({ state, changeShare }: ComparedRow): string {
  if (state === "new" || state === "gone") return state;
  if (changeShare === null) return "-";
  if (changeShare === 0) return "0%";
  if (changeShare >= MANY_TIMES) return `×${Math.round(changeShare + 1)}`;
  if (changeShare <= -1) return "-100%";
  if (changeShare > 1) return `+${Math.round(changeShare * 100)}%`;
  return `${changeShare > 0 ? "+" : "-"}${formatPercent(Math.abs(changeShare))}`;
}
