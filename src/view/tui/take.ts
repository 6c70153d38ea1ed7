import type { Snapshot } from "../../snapshot/snapshot.ts";
import { snapshotColumns } from "../columns.ts";
import { Ledger } from "../ledger.ts";
import { arrangeRows, type Occasion } from "./arrange.ts";
import { MEASURE_COLUMNS } from "./measure.ts";
import type { Played } from "./replay.ts";
import { followRow } from "./selection.ts";
import type { TuiState } from "./state.ts";

/** @throws NpmonError `usage` when the sort names no column of the first snapshot */
export function takeSnapshot(state: TuiState, snapshot: Snapshot): TuiState {
  const isOther = state.latest === null || !answersTheSame(state.latest, snapshot);
  const ledger = isOther
    ? new Ledger(hasSameSums(state.latest, snapshot) ? state.ledger : null)
    : state.ledger;
  ledger.advance(snapshot);
  const next = { ...state, latest: snapshot, ledger, isWaiting: false };
  if (state.isPaused && !isOther) return next;
  return showLatest(isOther ? forget(next) : next, isOther ? "start" : "tick");
}

/** What a recording gave: one more, or all of them up to another place or for another question. */
export function takePlayed(state: TuiState, played: Played): TuiState {
  const { position, count, isAnew, snapshots } = played;
  const replay = state.replay === null ? null : { ...state.replay, position, count };
  const last = snapshots.at(-1);
  const placed = { ...state, replay };
  if (!isAnew) return snapshots.reduce<TuiState>(takeSnapshot, placed);
  if (last === undefined) return placed;
  const ledger = new Ledger();
  for (const snapshot of snapshots) ledger.advance(snapshot);
  const isOther = state.latest === null || !answersTheSame(state.latest, last);
  const next = { ...placed, latest: last, ledger, isWaiting: false, isEnded: false };
  return showLatest(isOther ? forget(next) : next, "start");
}

/** Shows the newest snapshot. */
export function showLatest(state: TuiState, occasion: Occasion): TuiState {
  return arrange({ ...state, shown: state.latest, shownLedger: state.ledger, isPaused: false }, occasion);
}

/** Puts the rows in order and the selection on the row that it follows. */
export function arrange(state: TuiState, occasion: Occasion): TuiState {
  return followRow({ ...state, ...arrangeRows(state, occasion) });
}

/** Another question has other rows. Its sort column may not exist here; at the very first it is an error instead. */
function forget(state: TuiState): TuiState {
  const { latest, shown, sort, measure } = state;
  const name = sort.replace(/^-/, "");
  const isKnown =
    shown === null ||
    latest === null ||
    snapshotColumns(latest.group_by).some((column) => column.name === name);
  return {
    ...state,
    rows: [],
    selected: 0,
    scroll: 0,
    nameWidths: new Map(),
    sort: isKnown ? sort : `-${MEASURE_COLUMNS[measure].traffic}`,
  };
}

function answersTheSame(a: Snapshot, b: Snapshot): boolean {
  return a.filter === b.filter && (a.group_by === b.group_by || a.group_by.join() === b.group_by.join());
}

/** Whether the sums over all rows are of the same flows, so that their past goes on. */
function hasSameSums(a: Snapshot | null, b: Snapshot): boolean {
  return a !== null && a.filter === b.filter && isByRole(a) === isByRole(b);
}

function isByRole({ group_by }: Snapshot): boolean {
  return group_by.some((ref) => ref.startsWith("client.") || ref.startsWith("server."));
}
