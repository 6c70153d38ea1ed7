import type { TuiAction } from "./action.ts";
import { pickerPage, takePicked, takeVerdict } from "./ask.ts";
import { bodyHeight } from "./geometry.ts";
import { scrollHelp } from "./help.ts";
import { keyCommand } from "./keys.ts";
import { obey, sortByPlace } from "./obey.ts";
import { changePicker } from "./picker.ts";
import { point } from "./point.ts";
import { pasteInPrompt, pressInPrompt } from "./prompt.ts";
import { keepInView } from "./selection.ts";
import type { TuiState } from "./state.ts";
import { takePlayed, takeSnapshot } from "./take.ts";

/**
 * The state after one thing happened. What is to be done outside is in its `effects`, which are those of this action
 * alone.
 * @throws NpmonError `usage` when the sort names no column of the first snapshot
 */
export function reduceState(before: TuiState, action: TuiAction): TuiState {
  const state = before.effects.length === 0 ? before : { ...before, effects: [] };
  switch (action.type) {
    case "snapshot":
      return takeSnapshot(state, action.snapshot);
    case "played":
      return takePlayed(state, action.played);
    case "resize":
      return keepInView({ ...state, size: action.size });
    case "verdict":
      return takeVerdict(state, action.verdict);
    case "notice":
      return { ...state, notice: action.notice };
    case "end":
      return { ...state, isEnded: true };
    case "paste":
      return pasteInPrompt(state, action.text);
    case "mouse":
      return keepInView(point(withoutNotice(state), action));
    case "key":
      return keepInView(press(withoutNotice(state), action.key));
  }
}

function withoutNotice(state: TuiState): TuiState {
  return state.notice === null ? state : { ...state, notice: null };
}

function press(state: TuiState, key: string): TuiState {
  switch (state.mode.kind) {
    case "prompt":
      return pressInPrompt(state, key);
    case "picker":
      return pressInPicker(state, key);
    case "help":
      return pressInHelp(state, key);
    case "table": {
      if (/^[1-9]$/.test(key)) return sortByPlace(state, Number(key));
      const command = keyCommand(key, state.replay !== null);
      return command === null ? state : obey(state, command);
    }
  }
}

function pressInPicker(state: TuiState, key: string): TuiState {
  if (state.mode.kind !== "picker") return state;
  if (key === "ctrl-c") return { ...state, isQuitting: true };
  if (key === "escape") return { ...state, mode: { kind: "table" } };
  if (key === "enter") return takePicked(state);
  const picker = changePicker(state.mode.picker, key, pickerPage(state));
  return picker === null ? state : { ...state, mode: { kind: "picker", picker } };
}

/** Any key that does not move in it leads back. */
function pressInHelp(state: TuiState, key: string): TuiState {
  if (state.mode.kind !== "help") return state;
  if (key === "ctrl-c") return { ...state, isQuitting: true };
  const page = Math.max(1, bodyHeight(state) - 1);
  const by = HELP_MOVES[key];
  return by === undefined ? { ...state, mode: { kind: "table" } } : scrollHelp(state, by(page));
}

/** Lines that a key moves by, of a page with so many. */
const HELP_MOVES: Readonly<Record<string, (page: number) => number>> = {
  up: () => -1,
  k: () => -1,
  down: () => 1,
  j: () => 1,
  pageup: (page) => -page,
  pagedown: (page) => page,
  space: (page) => page,
  home: () => Number.NEGATIVE_INFINITY,
  end: () => Number.POSITIVE_INFINITY,
};
