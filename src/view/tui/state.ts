import type { Snapshot } from "../../snapshot/snapshot.ts";
import { formatCell } from "../cells.ts";
import type { Column } from "../column.ts";
import { snapshotColumns } from "../columns.ts";
import { UNITS, type Units } from "../format.ts";
import type { Row } from "../row.ts";
import { DEFAULT_SORT, selectRows } from "../rows.ts";
import { textWidth } from "../text.ts";
import { addTotals, NO_TOTALS, type Totals } from "../totals.ts";
import { bodyHeight, placeColumns, type Size } from "./geometry.ts";
import { type Command, keyCommand } from "./keys.ts";

/** Everything that the screen depends on. */
export interface TuiState {
  readonly title: string;
  readonly size: Size;
  /** Length of the first window in ms, for what is said before it is over; `null` when not known. */
  readonly intervalMs: number | null;
  readonly units: Units;
  /** Column name, `-` before it for descending. */
  readonly sort: string;
  /** At most this many rows; `null` for all. */
  readonly maxRows: number | null;
  /** The newest snapshot; `null` while the first window is being collected. */
  readonly latest: Snapshot | null;
  /** The one on the screen: behind the newest while paused. */
  readonly shown: Snapshot | null;
  /** Totals of the newest and, for the screen, those that go with `shown`. */
  readonly totals: Totals;
  readonly shownTotals: Totals;
  /** `shown`, in order. */
  readonly rows: readonly Row[];
  /** Index into `rows`. */
  readonly selected: number;
  /** The row that the reader chose to follow; `null` while the selection stays at the top. */
  readonly followedKey: string | null;
  /** Index of the first row on the screen. */
  readonly scroll: number;
  /** Widest name seen in each column, by column name: columns grow with it and never shrink, so they keep still. */
  readonly nameWidths: ReadonlyMap<string, number>;
  readonly isPaused: boolean;
  readonly isHelpOpen: boolean;
  /** No more snapshots will come. */
  readonly isEnded: boolean;
  /** The reader asked to leave. */
  readonly isQuitting: boolean;
}

export type TuiAction =
  | { readonly type: "snapshot"; readonly snapshot: Snapshot }
  | { readonly type: "key"; readonly key: string }
  | { readonly type: "resize"; readonly size: Size }
  | { readonly type: "end" };

export interface TuiSettings {
  readonly title?: string | undefined;
  readonly size: Size;
  readonly intervalMs?: number | undefined;
  readonly units?: Units | undefined;
  readonly sort?: string | undefined;
  readonly rows?: number | undefined;
}

export function createState(settings: TuiSettings): TuiState {
  return {
    title: settings.title ?? "npmon",
    size: settings.size,
    intervalMs: settings.intervalMs ?? null,
    units: settings.units ?? "auto",
    sort: settings.sort ?? DEFAULT_SORT,
    maxRows: settings.rows ?? null,
    latest: null,
    shown: null,
    totals: NO_TOTALS,
    shownTotals: NO_TOTALS,
    rows: [],
    selected: 0,
    followedKey: null,
    scroll: 0,
    nameWidths: new Map(),
    isPaused: false,
    isHelpOpen: false,
    isEnded: false,
    isQuitting: false,
  };
}

/** The state after one thing happened. @throws NpmonError `usage` when the sort names no column of the snapshot */
export function reduceState(state: TuiState, action: TuiAction): TuiState {
  switch (action.type) {
    case "snapshot":
      return takeSnapshot(state, action.snapshot);
    case "resize":
      return keepInView({ ...state, size: action.size });
    case "end":
      return { ...state, isEnded: true };
    case "key": {
      const command = keyCommand(action.key);
      return command === null ? state : obey(state, command);
    }
  }
}

function takeSnapshot(state: TuiState, snapshot: Snapshot): TuiState {
  const totals = addTotals(state.totals, snapshot);
  const next = { ...state, latest: snapshot, totals };
  return state.isPaused ? next : showLatest(next);
}

function showLatest(state: TuiState): TuiState {
  return arrangeRows({ ...state, shown: state.latest, shownTotals: state.totals });
}

/** Orders the rows anew; a followed row is found again wherever it went. */
function arrangeRows(state: TuiState): TuiState {
  const { shown, sort, shownTotals, followedKey } = state;
  if (shown === null) return state;
  const rows = selectRows(shown, { sort, rows: state.maxRows ?? undefined, totals: shownTotals });
  const followed = followedKey === null ? 0 : rows.findIndex(({ key }) => key === followedKey);
  const selected = followed === -1 ? state.selected : followed;
  return keepInView({ ...state, rows, selected, nameWidths: widenNames(state.nameWidths, shown, rows) });
}

function widenNames(
  known: ReadonlyMap<string, number>,
  snapshot: Snapshot,
  rows: readonly Row[],
): ReadonlyMap<string, number> {
  const widths = new Map(known);
  for (const column of snapshotColumns(snapshot.group_by)) {
    if (column.unit !== "text" || column.priority === null) continue;
    for (const row of rows) {
      const width = textWidth(formatCell(column, column.value(row), "auto"));
      if (width > (widths.get(column.name) ?? 0)) widths.set(column.name, width);
    }
  }
  return widths;
}

function obey(state: TuiState, command: Command): TuiState {
  const page = Math.max(1, bodyHeight(state) - 1);
  switch (command) {
    case "quit":
      return { ...state, isQuitting: true };
    case "help":
      return { ...state, isHelpOpen: !state.isHelpOpen };
    case "close":
      return { ...state, isHelpOpen: false };
    case "pause":
      return state.isPaused ? showLatest({ ...state, isPaused: false }) : { ...state, isPaused: true };
    case "units":
      return { ...state, units: UNITS[(UNITS.indexOf(state.units) + 1) % UNITS.length] ?? "auto" };
    case "next-sort":
      return arrangeRows({ ...state, sort: nextSort(state) });
    case "reverse-sort":
      return arrangeRows({
        ...state,
        sort: state.sort.startsWith("-") ? state.sort.slice(1) : `-${state.sort}`,
      });
    case "up":
      return select(state, state.selected - 1);
    case "down":
      return select(state, state.selected + 1);
    case "page-up":
      return select(state, state.selected - page);
    case "page-down":
      return select(state, state.selected + page);
    case "bottom":
      return select(state, state.rows.length - 1);
    case "top":
      // Back to watching whoever is first.
      return keepInView({ ...state, selected: 0, followedKey: null });
  }
}

function select(state: TuiState, index: number): TuiState {
  const selected = Math.max(0, Math.min(state.rows.length - 1, index));
  return keepInView({ ...state, selected, followedKey: state.rows[selected]?.key ?? null });
}

/** The default order, then the numbers on the screen, the most first, then the names, from A. */
function nextSort(state: TuiState): string {
  const shown = placeColumns(state).columns.map(({ column }) => column);
  const isNumber = (column: Column): boolean => column.unit !== "text" && column.unit !== "number";
  const numbers = shown.filter(isNumber).map(({ name }) => `-${name}`);
  const names = shown.filter((column) => !isNumber(column)).map(({ name }) => name);
  const sorts = [DEFAULT_SORT, ...numbers, ...names];
  const current = sorts.findIndex((sort) => sort.replace(/^-/, "") === state.sort.replace(/^-/, ""));
  return sorts[(current + 1) % sorts.length] ?? DEFAULT_SORT;
}

/** Puts the selection on an existing row and scrolls as little as shows it. */
function keepInView(state: TuiState): TuiState {
  const height = Math.max(1, bodyHeight(state));
  const selected = Math.max(0, Math.min(state.rows.length - 1, state.selected));
  const lowest = Math.max(0, state.rows.length - height);
  const scroll = Math.min(lowest, Math.max(selected - height + 1, Math.min(state.scroll, selected)));
  return { ...state, selected, scroll };
}
