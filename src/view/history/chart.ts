import { formatCell } from "../cells.ts";
import type { Column } from "../column.ts";
import { formatWindow } from "../format.ts";
import { barRows, highest, mean } from "../graph.ts";
import { createPaint } from "../paint.ts";
import type { Fact } from "../status.ts";
import { fitText, truncateEnd } from "../text.ts";
import { createColumn, historyColumns } from "./columns.ts";
import { type GridColumn, renderGrid } from "./grid.ts";
import {
  describeCompleteness,
  describeFilter,
  describeNothing,
  describePeriod,
  describeReporters,
  joinFacts,
  plain,
} from "./header.ts";
import type { Series, SeriesRow } from "./series.ts";
import type { HistoryOptions } from "./table.ts";
import { createScale, renderTimeAxis, type Scale, spread, spreadFlags, windowsPerCell } from "./time-axis.ts";

export interface ChartOptions extends Omit<HistoryOptions, "sort" | "rows"> {
  readonly stepMs: number;
  readonly width: number;
  /** Lines of the bars of all rows together. */
  readonly height: number;
}

/** Where nobody reported nothing is known: neither a bar nor the dot of a zero. */
const UNKNOWN = "?";

/** A line for each row with its bars over time, all rows together above them, the time below. */
export function renderChart(series: Series, options: ChartOptions): string {
  const { whole, rows, isReported, column } = series;
  const { units, width, reporters, stepMs } = options;
  const paint = createPaint(options.color === true ? 16 : 0);
  const lines: string[] = [];
  if (options.noHeader !== true) {
    const count = whole.flows.length;
    const counted = rows.length < count ? `rows ${rows.length} of ${count}` : `rows ${count}`;
    const steps = `${isReported.length} windows of ${formatWindow(stepMs)}`;
    lines.push(
      ...[
        [plain(describeReporters(reporters)), plain(describePeriod(whole))],
        [plain(steps), plain(counted), ...describeCompleteness(whole, reporters)],
        ...describeFilter(whole),
      ].flatMap((facts) => joinFacts(facts, width, paint)),
    );
  }
  if (whole.flows.length === 0) {
    lines.push(describeNothing(whole, reporters));
    return `${lines.join("\n")}\n`;
  }
  const bars = createColumn({
    name: "bars",
    heading: shownName(column),
    unit: "graph",
    priority: 0,
    width: Math.min(24, isReported.length),
  });
  const numbers = numberColumns(series, options);
  const tags = historyColumns(whole.group_by).filter(({ unit }) => unit === "text" || unit === "number");
  const names = tags.map(
    (tag): GridColumn => ({
      column: tag,
      cells: rows.map(({ row }) => formatCell(tag, tag.value(row), units)),
    }),
  );
  const graph: GridColumn = {
    column: bars,
    wantedWidth: Number.MAX_SAFE_INTEGER,
    cells: (room) => {
      const scale = createScale(isReported.length, room);
      return rows.map(({ values }) => barLines(values, series, scale, 1)[0] ?? "");
    },
    paint: paint.sent,
  };
  const grid = renderGrid([...names, graph, ...numbers], { units, paint, width });
  const place = grid.place(bars);
  const scale = createScale(isReported.length, place?.width ?? 1);
  const at = place?.at ?? 0;
  const startMs = Date.parse(whole.start);
  const axis = renderTimeAxis(startMs, Date.parse(whole.end), stepMs, scale);
  lines.push(...overall(series, scale, at, options).map((line) => truncateEnd(line, width)), ...grid.lines);
  lines.push(paint.quiet(truncateEnd(`${" ".repeat(at)}${axis}`, width)));
  lines.push(...joinFacts(legend(series, scale, stepMs), width, paint).map(paint.quiet));
  return `${lines.join("\n")}\n`;
}

/** Whether it has a sum over time: what is counted, and what a rate is a rate of. */
function isSummable({ unit }: Column): boolean {
  return unit === "bandwidth" || unit === "bytes" || unit === "count";
}

function numberColumns({ column, rows }: Series, { units }: ChartOptions): readonly GridColumn[] {
  const unit = column.unit;
  const cellsOf = (numberOf: (row: SeriesRow) => number, of: Column): readonly string[] =>
    rows.map((row) => {
      const value = numberOf(row);
      return formatCell(of, Number.isFinite(value) ? value : null, units);
    });
  const peak = createColumn({ name: "peak", heading: "PEAK", unit, priority: 1 });
  const middle = createColumn({ name: "mean", heading: "MEAN", unit, priority: 2 });
  const columns: GridColumn[] = [
    { column: peak, cells: cellsOf(({ values }) => highest(values), peak) },
    { column: middle, cells: cellsOf((row) => meanOf(row, column), middle) },
  ];
  if (!isSummable(column)) return columns;
  const total = createColumn({
    name: "total",
    heading: "TOTAL",
    unit: unit === "bandwidth" ? "bytes" : unit,
    priority: 3,
  });
  const sum = ({ row }: SeriesRow): number => {
    const value = column.value(row);
    if (typeof value !== "number") return Number.NaN;
    return unit === "bandwidth" ? (value * row.intervalMs) / 1000 : value;
  };
  return [...columns, { column: total, cells: cellsOf(sum, total) }];
}

/** Of a rate over all the time that was measured; of anything else over the windows. */
function meanOf({ row, values }: SeriesRow, column: Column): number {
  const whole = column.unit === "bandwidth" || column.unit === "duration" ? column.value(row) : null;
  return typeof whole === "number" ? whole : mean(values);
}

function barLines(
  values: readonly number[],
  { isReported }: Series,
  scale: Scale,
  height: number,
): readonly string[] {
  const shown = spread(values, scale);
  const known = spreadFlags(isReported, scale);
  const rows = barRows(shown, scale.cells, height);
  return rows.map((line, index) =>
    index < height - 1 ? line : [...line].map((bar, cell) => (known[cell] ? bar : UNKNOWN)).join(""),
  );
}

/** All rows together, with a scale at the left. */
function overall(
  series: Series,
  scale: Scale,
  at: number,
  { height, units, color }: ChartOptions,
): readonly string[] {
  const paint = createPaint(color === true ? 16 : 0);
  const { column, all } = series;
  const top = formatCell(column, highest(all.values), units);
  // what it is the scale of has to stand somewhere, and the names of the rows leave room for it
  const room = Math.max(0, at - 2);
  if (height < 2 || room < top.length || series.rows.length < 2) return [];
  const label = `all rows ${top}`;
  return barLines(all.values, series, scale, height).map((line, index) => {
    const text = index === 0 ? (label.length <= room ? label : top) : index === height - 1 ? "0" : "";
    const mark = index === 0 ? "┤" : index === height - 1 ? "┼" : "│";
    return `${fitText(text, room, "right")} ${mark}${paint.sent(line)}`.trimEnd();
  });
}

/** What it takes to read the bars. */
function legend({ isReported, rows, column }: Series, scale: Scale, stepMs: number): readonly Fact[] {
  const most = windowsPerCell(scale);
  const width =
    most > 1
      ? `a bar is the highest of up to ${most} windows of ${formatWindow(stepMs)}`
      : `a bar is ${formatWindow(stepMs)}`;
  const facts = [`${shownName(column).toLowerCase()}: ${width}`, "each line by its own peak"];
  if (rows.some(({ values }) => values.includes(0))) facts.push("· nothing");
  if (isReported.includes(false)) facts.push(`${UNKNOWN} no host reported`);
  return facts.map(plain);
}

function shownName({ heading, unit }: Column): string {
  return unit === "bandwidth" ? `${heading}/s` : heading;
}
