import { NO_COUNTS } from "../../snapshot/no-counts.ts";
import type { Snapshot } from "../../snapshot/snapshot.ts";
import type { Column } from "../column.ts";
import { type Row, rowKeys } from "../row.ts";
import { createRow, parseSort, type RowOptions, selectRows } from "../rows.ts";
import { sumOf, wholeOf } from "./whole.ts";

/** One thing over time. */
export interface SeriesRow {
  /** The row over all windows together. */
  readonly row: Row;
  /** A number for each window; NaN where there is none. */
  readonly values: readonly number[];
}

export interface Series {
  /** What is shown over time. */
  readonly column: Column;
  readonly whole: Snapshot;
  /** Whether any host reported in a window. */
  readonly isReported: readonly boolean[];
  /** All rows together. */
  readonly all: SeriesRow;
  readonly rows: readonly SeriesRow[];
}

const DEFAULT_COLUMN = "-traffic";

/**
 * The windows turned round: a row with its numbers over time. What is shown is what rows are sorted by, or the traffic
 * where that is a name.
 */
export function createSeries(windows: readonly Snapshot[], { sort, rows }: RowOptions): Series {
  const whole = wholeOf(windows);
  const sorted = parseSort(sort ?? DEFAULT_COLUMN, whole.group_by).column;
  const isName = sorted.unit === "text" || sorted.unit === "number";
  const { column } = isName ? parseSort(DEFAULT_COLUMN, whole.group_by) : { column: sorted };
  const byWindow = windows.map((window) => {
    const keys = rowKeys(window);
    return new Map(window.flows.map((flow, index) => [keys[index] ?? "", flow]));
  });
  const isReported = windows.map(({ interval_ms }) => interval_ms > 0);
  // a host that reported and has no such row saw nothing of it; a round trip of nothing takes no time at all
  const nothing = column.unit === "duration" ? Number.NaN : 0;
  const valuesOf = (find: (index: number) => Row | null): readonly number[] =>
    windows.map((_, index) => {
      if (!isReported[index]) return Number.NaN;
      const row = find(index);
      const value = row === null ? nothing : column.value(row);
      return typeof value === "number" ? value : Number.NaN;
    });
  const chosen = selectRows(whole, { sort, rows });
  return {
    column,
    whole,
    isReported,
    all: {
      row: createRow("", sumOrNothing(whole), whole.interval_ms, undefined),
      values: valuesOf((index) => {
        const window = windows[index];
        if (window === undefined || window.flows.length === 0) return null;
        return createRow("", sumOf(window), window.interval_ms, undefined);
      }),
    },
    rows: chosen.map((row) => ({
      row,
      values: valuesOf((index) => {
        const flow = byWindow[index]?.get(row.key);
        return flow === undefined
          ? null
          : createRow(row.key, flow, windows[index]?.interval_ms ?? 0, undefined);
      }),
    })),
  };
}

function sumOrNothing(whole: Snapshot): Row["flow"] {
  return whole.flows.length === 0 ? NO_COUNTS : sumOf(whole);
}

/** The windows with the rows of a series alone, in its order. */
export function chooseSeries(windows: readonly Snapshot[], options: RowOptions): readonly Snapshot[] {
  if (options.sort === undefined && options.rows === undefined) return windows;
  const order = new Map(selectRows(wholeOf(windows), options).map(({ key }, index) => [key, index]));
  return windows.map((window) => {
    const keys = rowKeys(window);
    const flows = window.flows
      .map((flow, index) => ({ flow, place: order.get(keys[index] ?? "") }))
      .filter((each): each is { flow: typeof each.flow; place: number } => each.place !== undefined)
      .sort((a, b) => a.place - b.place)
      .map(({ flow }) => flow);
    return Object.freeze({ ...window, flows: Object.freeze(flows) });
  });
}
