import { drillInto, pinQuestion, withoutNames } from "./drill.ts";
import { bodyHeight } from "./geometry.ts";
import { openPicker, pickedGroupBy } from "./picker.ts";
import type { Question, Verdict } from "./question.ts";
import type { TuiState } from "./state.ts";

/** Questions that Esc can go back to. */
const MAX_VISITED = 50;

/** Lengths of a window that + and - go through, ms. */
const INTERVALS = [100, 250, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000] as const;

/** Asks something else; Esc comes back to what is asked now. */
export function askQuestion(state: TuiState, question: Question): TuiState {
  if (state.question === null || state.port === null) return refuse(state, "nothing else can be asked here");
  const { sort, followedKey } = state;
  const visited = [...state.visited, { question: state.question, sort, followedKey }].slice(-MAX_VISITED);
  return {
    ...state,
    question,
    visited,
    isWaiting: true,
    followedKey: null,
    mode: { kind: "table" },
    effects: [{ type: "ask", question }],
  };
}

/** Asks the question before again; the state itself when there is none. */
export function goBack(state: TuiState): TuiState {
  const last = state.visited.at(-1);
  if (last === undefined || state.question === null) return state;
  // The length of a window belongs to the reader, not to the question.
  const question = { ...last.question, intervalMs: state.question.intervalMs };
  return {
    ...state,
    question,
    visited: state.visited.slice(0, -1),
    isWaiting: true,
    sort: last.sort,
    followedKey: last.followedKey,
    effects: [{ type: "ask", question }],
  };
}

/** What became of the question: when it does not fit, the one before holds, as if nothing had been asked. */
export function takeVerdict(state: TuiState, verdict: Verdict): TuiState {
  const { question, visited, accepted } = state;
  if (verdict.isFit) return { ...state, accepted: { question, visited } };
  return refuse({ ...state, ...accepted, isWaiting: false }, verdict.message);
}

export function refuse(state: TuiState, text: string): TuiState {
  return { ...state, notice: { text, isTrouble: true } };
}

export function drill(state: TuiState): TuiState {
  const row = state.rows[state.selected];
  if (state.question === null || row === undefined) return state;
  const finer = drillInto(state.question, row.flow);
  return finer === null ? { ...state, isDetailOpen: true } : askQuestion(state, finer);
}

export function pin(state: TuiState, isExcluded: boolean): TuiState {
  const row = state.rows[state.selected];
  if (state.question === null || row === undefined) return state;
  const pinned = pinQuestion(state.question, row.flow, isExcluded);
  return pinned === null
    ? refuse(state, "these rows are single flows; f and e work on grouped rows")
    : askQuestion(state, pinned);
}

/** By address instead of by name, and back. */
export function toggleNames(state: TuiState): TuiState {
  const { question } = state;
  if (question === null) return state;
  const before = state.visited.at(-1)?.question.groupBy;
  if (before !== undefined && withoutNames(before)?.join() === question.groupBy.join()) return goBack(state);
  const groupBy = withoutNames(question.groupBy);
  return groupBy === null
    ? refuse(state, "there are no names in these columns to turn into addresses")
    : askQuestion(state, { ...question, groupBy });
}

export function openGroupBy(state: TuiState): TuiState {
  if (state.question === null || state.port === null) return refuse(state, "nothing else can be asked here");
  const picker = openPicker(state.port.tags(), state.question.groupBy);
  return { ...state, mode: { kind: "picker", picker } };
}

export function takePicked(state: TuiState): TuiState {
  if (state.mode.kind !== "picker" || state.question === null) return state;
  const groupBy = pickedGroupBy(state.mode.picker);
  const closed: TuiState = { ...state, mode: { kind: "table" } };
  if (groupBy.length === 0 || groupBy.join() === state.question.groupBy.join()) return closed;
  return askQuestion(closed, { ...state.question, groupBy });
}

/** A longer or shorter window; the rows stay the same. */
export function changeInterval(state: TuiState, by: 1 | -1): TuiState {
  const { question } = state;
  if (question === null || state.port === null) return refuse(state, "the interval cannot be changed here");
  const longer = INTERVALS.find((ms) => ms > question.intervalMs);
  const shorter = INTERVALS.findLast((ms) => ms < question.intervalMs);
  const intervalMs = (by === 1 ? longer : shorter) ?? question.intervalMs;
  if (intervalMs === question.intervalMs) return state;
  const changed = { ...question, intervalMs };
  return { ...state, question: changed, effects: [{ type: "ask", question: changed }] };
}

/** Lines of the picker that a page key moves by. */
export function pickerPage(state: TuiState): number {
  return Math.max(1, bodyHeight(state) - 3);
}
