import { bodyHeight } from "./geometry.ts";
import type { TuiState } from "./state.ts";

/** Chooses a row, which is followed from then on wherever it goes. */
export function selectRow(state: TuiState, index: number): TuiState {
  const selected = Math.max(0, Math.min(state.rows.length - 1, index));
  return keepInView({ ...state, selected, followedKey: state.rows[selected]?.key ?? null });
}

/** Back to watching whoever is first. */
export function selectFirst(state: TuiState): TuiState {
  return keepInView({ ...state, selected: 0, followedKey: null });
}

/** Finds the followed row again after the rows have changed. One that is gone leaves the selection where it was. */
export function followRow(state: TuiState): TuiState {
  const { rows, followedKey } = state;
  const place = followedKey === null ? 0 : rows.findIndex(({ key }) => key === followedKey);
  return keepInView(place === -1 ? state : { ...state, selected: place });
}

/** Puts the selection on an existing row and scrolls as little as shows it. */
export function keepInView(state: TuiState): TuiState {
  const height = Math.max(1, bodyHeight(state));
  const selected = Math.max(0, Math.min(state.rows.length - 1, state.selected));
  const lowest = Math.max(0, state.rows.length - height);
  const scroll = Math.min(lowest, Math.max(selected - height + 1, Math.min(state.scroll, selected)));
  return { ...state, selected, scroll };
}
