import type { Snapshot } from "../../../src/snapshot/snapshot.ts";
import { reduceState } from "../../../src/view/tui/reduce.ts";
import { createState, type TuiSettings, type TuiState } from "../../../src/view/tui/state.ts";
import { BY_SERVICE, createPort } from "../fixtures/questions.ts";

export const SIZE = { columns: 80, rows: 24 };

/** A view that has seen the snapshots, the last of them one second after the other. */
export function start(
  snapshots: Snapshot | readonly Snapshot[],
  settings: Partial<TuiSettings> = {},
): TuiState {
  const state = createState({
    size: SIZE,
    title: "npmon top",
    question: BY_SERVICE,
    port: createPort(),
    ...settings,
  });
  return take(state, ...[snapshots].flat());
}

export function take(state: TuiState, ...snapshots: readonly Snapshot[]): TuiState {
  return snapshots.reduce<TuiState>(
    (current, snapshot) => reduceState(current, { type: "snapshot", snapshot }),
    state,
  );
}

export function press(state: TuiState, ...keys: readonly string[]): TuiState {
  return keys.reduce((current, key) => reduceState(current, { type: "key", key }), state);
}

/** A text typed character by character. */
export function type(state: TuiState, text: string): TuiState {
  return press(state, ...Array.from(text, (character) => (character === " " ? "space" : character)));
}

/** Keys of the rows in order. */
export function order({ rows }: TuiState): readonly string[] {
  return rows.map(({ flow }) => String(flow.source?.service));
}
