import type { Column } from "../column.ts";
import { UNITS } from "../format.ts";
import { DEFAULT_SORT } from "../rows.ts";
import { changeInterval, drill, goBack, openGroupBy, pin, toggleNames } from "./ask.ts";
import { HISTORY, isName } from "./columns.ts";
import { bodyHeight, placeColumns } from "./geometry.ts";
import type { Command } from "./keys.ts";
import { MEASURE_COLUMNS, MEASURES, translateSort } from "./measure.ts";
import { openFilter, openSave } from "./prompt.ts";
import { SPEEDS } from "./replay.ts";
import { selectFirst, selectRow } from "./selection.ts";
import type { TuiState } from "./state.ts";
import { arrange, showLatest } from "./take.ts";

/** The state after a command of the table. */
export function obey(state: TuiState, command: Command): TuiState {
  const page = Math.max(1, bodyHeight(state) - 1);
  switch (command) {
    case "quit":
      return { ...state, isQuitting: true };
    case "help":
      return { ...state, mode: { kind: "help", scroll: 0 } };
    case "up":
      return selectRow(state, state.selected - 1);
    case "down":
      return selectRow(state, state.selected + 1);
    case "page-up":
      return selectRow(state, state.selected - page);
    case "page-down":
      return selectRow(state, state.selected + page);
    case "top":
      return selectFirst(state);
    case "bottom":
      return selectRow(state, state.rows.length - 1);
    case "drill":
      return drill(state);
    case "back":
      return state.isDetailOpen ? toggleDetail(state) : goBack(state);
    case "detail":
      return toggleDetail(state);
    case "filter":
      return openFilter(state);
    case "only-row":
      return pin(state, false);
    case "not-row":
      return pin(state, true);
    case "group-by":
      return openGroupBy(state);
    case "names":
      return toggleNames(state);
    case "next-sort":
      return sortBy(state, nextSort(state));
    case "reverse-sort":
      return sortBy(state, reversed(state.sort));
    case "freeze":
      return state.isFrozen ? arrange({ ...state, isFrozen: false }, "sort") : { ...state, isFrozen: true };
    case "pause":
      return pause(state);
    case "measure":
      return changeMeasure(state);
    case "units":
      return { ...state, units: UNITS[(UNITS.indexOf(state.units) + 1) % UNITS.length] ?? "auto" };
    case "slower":
      return state.replay === null ? changeInterval(state, 1) : changeSpeed(state, -1);
    case "faster":
      return state.replay === null ? changeInterval(state, -1) : changeSpeed(state, 1);
    case "step":
      return step(state, 1);
    case "step-back":
      return step(state, -1);
    case "save":
      return openSave(state);
    case "mouse":
      return {
        ...state,
        isMouseOn: !state.isMouseOn,
        effects: [{ type: "mouse", isOn: !state.isMouseOn }],
      };
  }
}

/** Sorts by a column of the screen: names from A, numbers the most first; the other way round when it is sorted so. */
export function sortByColumn(state: TuiState, column: Column): TuiState {
  if (column.name === HISTORY.name) return state;
  const sort = isName(column) ? column.name : `-${column.name}`;
  return sortBy(state, state.sort === sort ? reversed(sort) : sort);
}

/** By the place of a column on the screen, from 1. */
export function sortByPlace(state: TuiState, place: number): TuiState {
  const columns = placeColumns(state).columns.filter(({ column }) => column.name !== HISTORY.name);
  const placed = columns[place - 1];
  return placed === undefined ? state : sortByColumn(state, placed.column);
}

function sortBy(state: TuiState, sort: string): TuiState {
  return arrange({ ...state, sort }, "sort");
}

function reversed(sort: string): string {
  return sort.startsWith("-") ? sort.slice(1) : `-${sort}`;
}

/** Both directions together, then the numbers on the screen, the most first, then the names, from A. */
function nextSort(state: TuiState): string {
  const shown = placeColumns(state).columns.map(({ column }) => column);
  const numbers = shown.filter((column) => !isName(column) && column.name !== HISTORY.name);
  const sorts = [
    `-${MEASURE_COLUMNS[state.measure].traffic}`,
    ...numbers.map(({ name }) => `-${name}`),
    ...shown.filter(isName).map(({ name }) => name),
  ];
  const current = sorts.findIndex((sort) => sort.replace(/^-/, "") === state.sort.replace(/^-/, ""));
  return sorts[(current + 1) % sorts.length] ?? DEFAULT_SORT;
}

function changeMeasure(state: TuiState): TuiState {
  const measure = MEASURES[(MEASURES.indexOf(state.measure) + 1) % MEASURES.length] ?? "bandwidth";
  const sort = translateSort(state.sort, state.measure, measure);
  return arrange({ ...state, measure, sort }, "sort");
}

/** The pane is about one row, which is followed from then on. */
function toggleDetail(state: TuiState): TuiState {
  const toggled = { ...state, isDetailOpen: !state.isDetailOpen };
  return toggled.isDetailOpen ? selectRow(toggled, toggled.selected) : toggled;
}

/** Live, the screen stands still and counting goes on; a recording itself stops. */
function pause(state: TuiState): TuiState {
  const { replay, ledger } = state;
  if (replay !== null) {
    const isPlaying = !replay.isPlaying;
    return {
      ...state,
      replay: { ...replay, isPlaying },
      effects: [{ type: "play", command: isPlaying ? "resume" : "pause" }],
    };
  }
  if (state.isPaused) return showLatest(state, "tick");
  return { ...state, isPaused: true, shownLedger: ledger.copy() };
}

function step(state: TuiState, by: 1 | -1): TuiState {
  const { replay } = state;
  if (replay === null) return state;
  return { ...state, replay: { ...replay, isPlaying: false }, effects: [{ type: "step", by }] };
}

function changeSpeed(state: TuiState, by: 1 | -1): TuiState {
  const { replay } = state;
  if (replay === null) return state;
  const place = SPEEDS.indexOf(replay.speed) + by;
  const speed = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, place))] ?? 1;
  return { ...state, replay: { ...replay, speed }, effects: [{ type: "speed", speed }] };
}
