import type { HistoryAnswer, Period } from "../history/history.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { showsUnicode, toAscii } from "../view/ascii.ts";
import { renderCsvHeader, renderCsvRows, type WindowField } from "../view/csv.ts";
import type { Units } from "../view/format.ts";
import { renderChart } from "../view/history/chart.ts";
import type { Comparison } from "../view/history/comparison.ts";
import {
  renderComparisonCsv,
  renderComparisonJson,
  renderComparisonNdjson,
} from "../view/history/comparison-data.ts";
import { renderComparison } from "../view/history/comparison-table.ts";
import { chooseSeries, createSeries } from "../view/history/series.ts";
import { renderHistoryTable } from "../view/history/table.ts";
import { renderNdjson } from "../view/ndjson.ts";
import { rowTagRefs } from "../view/tag-columns.ts";
import { stringifySafe } from "../view/text.ts";
import type { Format } from "./flags.ts";
import { reportersOf } from "./history-words.ts";

/** How an answer is shown. */
export interface Rendering {
  readonly format: Format;
  readonly units: Units;
  readonly isColored: boolean;
  readonly noHeader: boolean;
  readonly sort: string | undefined;
  readonly rows: number | undefined;
  /** The terminal that it goes to. */
  readonly screen: { readonly columns: number; readonly rows: number } | null;
}

const CSV_FIELDS: readonly WindowField[] = ["start", "end", "interval_ms", "host"];

/** Of a chart that goes to no terminal. */
const PLAIN_WIDTH = 120;
const PLAIN_ROWS = 10;

/** Lines of a screen that are no rows: those above and below, and the prompt that comes after. */
const TABLE_LINES = 7;
const CHART_LINES = 10;
const LEAST_ROWS = 5;
const MOST_BARS = 30;

/** @param stepMs - `null` for one window */
export function renderAnswer(
  answer: HistoryAnswer,
  stepMs: number | null,
  period: Period,
  rendering: Rendering,
  say: (words: string) => void,
): string {
  const { format, screen, noHeader } = rendering;
  if (format !== "table") return renderData(chooseSeries(answer.windows, rendering), format, noHeader);
  const [first] = answer.windows;
  if (first === undefined) throw new RangeError("no window");
  const common = { ...rendering, color: rendering.isColored, reporters: reportersOf(answer, period) };
  if (stepMs === null) {
    const rows = rendering.rows ?? roomFor(screen, TABLE_LINES);
    sayMore(first.flows.length, rows, say);
    return forTerminal(renderHistoryTable(first, { ...common, rows, width: screen?.columns }), screen);
  }
  const height = screen === null || screen.rows < 40 ? 4 : 8;
  const room = roomFor(screen, CHART_LINES + height) ?? PLAIN_ROWS;
  const rows = rendering.rows ?? Math.min(room, MOST_BARS);
  const series = createSeries(answer.windows, { sort: rendering.sort, rows });
  sayMore(series.whole.flows.length, rows, say);
  const width = screen?.columns ?? PLAIN_WIDTH;
  return forTerminal(renderChart(series, { ...common, stepMs, width, height }), screen);
}

export function renderCompared(
  comparison: Comparison,
  now: HistoryAnswer,
  before: HistoryAnswer,
  periods: { readonly now: Period; readonly before: Period },
  rendering: Rendering,
  say: (words: string) => void,
): string {
  const { format, screen, noHeader } = rendering;
  if (format === "table") {
    const rows = rendering.rows ?? roomFor(screen, TABLE_LINES);
    sayMore(comparison.rows.length, rows, say);
    const table = renderComparison(comparison, {
      ...rendering,
      rows,
      color: rendering.isColored,
      width: screen?.columns,
      reporters: reportersOf(now, periods.now),
      reportersBefore: reportersOf(before, periods.before),
    });
    return forTerminal(table, screen);
  }
  const chosen = { ...comparison, rows: comparison.rows.slice(0, rendering.rows) };
  if (format === "csv") return renderComparisonCsv(chosen, !noHeader);
  return format === "json" ? renderComparisonJson(chosen) : renderComparisonNdjson(chosen);
}

function renderData(
  windows: readonly Snapshot[],
  format: Exclude<Format, "table">,
  noHeader: boolean,
): string {
  const [first] = windows;
  if (first === undefined) return "";
  switch (format) {
    case "json":
      return windows.map((window) => `${stringifySafe(window)}\n`).join("");
    case "ndjson":
      return windows.map(renderNdjson).join("");
    case "csv": {
      // of an ungrouped view the names are those of all rows
      const all = { ...first, flows: windows.flatMap(({ flows }) => flows) };
      const header = noHeader ? "" : renderCsvHeader(all, CSV_FIELDS);
      const refs = rowTagRefs(all);
      return header + windows.map((window) => renderCsvRows(window, CSV_FIELDS, refs)).join("");
    }
  }
}

/** Cells of a chart that are names and numbers. */
const OTHER_CELLS = 60;
const FEW_WINDOWS = 24;
const MANY_WINDOWS = 144;

/** How many windows can be looked at. */
export function roomForWindows({ format, screen }: Rendering): number {
  const cells = format === "table" ? (screen?.columns ?? PLAIN_WIDTH) - OTHER_CELLS : MANY_WINDOWS;
  return Math.min(MANY_WINDOWS, Math.max(FEW_WINDOWS, cells));
}

function roomFor(screen: Rendering["screen"], otherLines: number): number | undefined {
  return screen === null ? undefined : Math.max(LEAST_ROWS, screen.rows - otherLines);
}

function sayMore(count: number, shown: number | undefined, say: (words: string) => void): void {
  if (shown !== undefined && shown < count) say(`${count - shown} more rows; -r ${count} shows all`);
}

/** A terminal can lack the signs; a file has them. */
function forTerminal(text: string, screen: Rendering["screen"]): string {
  return screen === null || showsUnicode(process.env) ? text : toAscii(text);
}
