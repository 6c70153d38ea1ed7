import assert from "node:assert/strict";
import { test } from "node:test";
import { NpmonError } from "../../../src/error/error.ts";
import type { Snapshot } from "../../../src/snapshot/snapshot.ts";
import { type KeyPress, keyName } from "../../../src/view/tui/keys.ts";
import { createState, reduceState, type TuiSettings, type TuiState } from "../../../src/view/tui/state.ts";
import { createFlow, createLargeSnapshot, createSnapshot } from "../fixtures/snapshots.ts";

const SIZE = { columns: 80, rows: 24 };
/** 24 rows less two of header, the headings and the keys. */
const BODY = 20;

function start(snapshot: Snapshot, settings: Partial<TuiSettings> = {}): TuiState {
  return reduceState(createState({ size: SIZE, ...settings }), { type: "snapshot", snapshot });
}

function press(state: TuiState, ...keys: readonly string[]): TuiState {
  return keys.reduce((current, key) => reduceState(current, { type: "key", key }), state);
}

test("keys move the selection and scroll no further than they must", () => {
  const state = start(createLargeSnapshot(100));
  const cases: readonly (readonly [readonly string[], number, number])[] = [
    [["up"], 0, 0],
    [["down", "j"], 2, 0],
    [["pagedown"], BODY - 1, 0],
    [["pagedown", "down"], BODY, 1],
    [["pagedown", "down", "k"], BODY - 1, 1],
    [["G"], 99, 80],
    [["end", "pageup"], 80, 80],
    [["G", "down"], 99, 80],
    [["G", "home"], 0, 0],
  ];
  for (const [keys, selected, scroll] of cases) {
    const { selected: actual, scroll: actualScroll } = press(state, ...keys);
    assert.deepEqual([actual, actualScroll], [selected, scroll], keys.join(" "));
  }
});

test("a chosen row is followed when the order changes; the first place is kept when none was chosen", () => {
  const before = start(createLargeSnapshot(100));
  const after: Snapshot = createLargeSnapshot(100, 5);
  const chosen = press(before, "down", "down");
  const moved = reduceState(chosen, { type: "snapshot", snapshot: after });
  assert.equal(moved.rows[moved.selected]?.key, chosen.followedKey);
  assert.ok(moved.selected >= moved.scroll && moved.selected < moved.scroll + BODY);
  assert.equal(reduceState(before, { type: "snapshot", snapshot: after }).selected, 0);
  assert.equal(press(moved, "g").followedKey, null);
});

test("a followed row that is gone leaves the selection where it was, within the rows", () => {
  const chosen = press(start(createLargeSnapshot(100)), "G");
  const fewer = reduceState(chosen, { type: "snapshot", snapshot: createLargeSnapshot(10) });
  assert.deepEqual([fewer.selected, fewer.scroll], [9, 0]);
  const none = reduceState(fewer, { type: "snapshot", snapshot: createSnapshot({ flows: [] }) });
  assert.deepEqual([none.selected, none.scroll], [0, 0]);
  assert.equal(press(none, "down", "up", "G", "pagedown").selected, 0);
});

test("a pause holds the screen still while totals go on", () => {
  const first = createSnapshot({ flows: [createFlow({ bytes_sent: 1 })] });
  const second = createSnapshot({ flows: [createFlow({ bytes_sent: 10 })] });
  const paused = press(start(first), "space");
  const later = [second, second].reduce<TuiState>(
    (state, snapshot) => reduceState(state, { type: "snapshot", snapshot }),
    paused,
  );
  assert.equal(later.shown, first);
  assert.equal(later.rows[0]?.sentTotal, 1);
  const going = press(later, "space");
  assert.equal(going.shown, second);
  assert.equal(going.rows[0]?.sentTotal, 21);
});

test("s goes through the columns on the screen and back to the default, S turns the order round", () => {
  const state = start(createLargeSnapshot(3));
  const seen = [state.sort];
  let current = state;
  for (let times = 0; times < 8; times++) {
    current = press(current, "s");
    seen.push(current.sort);
  }
  assert.deepEqual(seen, [
    "-traffic",
    "-sent",
    "-received",
    "-retransmits",
    "-rtt",
    "-failed",
    "source.service",
    "destination.service",
    "-traffic",
  ]);
  assert.equal(press(state, "S").sort, "traffic");
  assert.equal(press(state, "S", "S").sort, "-traffic");
});

test("u goes through the units, ? opens and closes help, Esc closes it, q and Ctrl-C leave", () => {
  const state = start(createSnapshot());
  assert.deepEqual(
    [press(state, "u").units, press(state, "u", "u").units, press(state, "u", "u", "u").units],
    ["bits", "bytes", "auto"],
  );
  assert.deepEqual(
    [press(state, "?").isHelpOpen, press(state, "?", "?").isHelpOpen, press(state, "?", "escape").isHelpOpen],
    [true, false, false],
  );
  assert.deepEqual(
    [press(state, "q").isQuitting, press(state, "ctrl-c").isQuitting, press(state, "x").isQuitting],
    [true, true, false],
  );
});

test("keys before the first snapshot do no harm", () => {
  const state = createState({ size: SIZE });
  const after = press(state, "down", "G", "pagedown", "s", "S", "u", "space", "space", "?");
  assert.equal(after.shown, null);
});

test("a smaller terminal keeps the selected row in view", () => {
  const state = press(start(createLargeSnapshot(100)), "pagedown");
  const small = reduceState(state, { type: "resize", size: { columns: 40, rows: 10 } });
  assert.ok(small.selected >= small.scroll && small.selected < small.scroll + 6);
  for (let rows = 0; rows < 8; rows++) {
    const tiny = reduceState(state, { type: "resize", size: { columns: 1, rows } });
    assert.equal(tiny.selected, state.selected);
  }
});

test("an unknown sort column is a usage error at the first snapshot", () => {
  assert.throws(
    () => start(createSnapshot(), { sort: "nonsense" }),
    (error) => error instanceof NpmonError && error.code === "usage",
  );
});

test("key presses have one name each", () => {
  const cases: readonly (readonly [KeyPress, string])[] = [
    [{ sequence: "q", name: "q" }, "q"],
    [{ sequence: "G", name: "g", shift: true }, "G"],
    [{ sequence: "?" }, "?"],
    [{ sequence: " ", name: "space" }, "space"],
    [{ sequence: "\u0003", name: "c", ctrl: true }, "ctrl-c"],
    [{ sequence: "\u001b[5~", name: "pageup" }, "pageup"],
    [{ sequence: "\u001b", name: "escape", meta: true }, "escape"],
    [{ sequence: "\u001bq", name: "q", meta: true }, ""],
    [{}, ""],
  ];
  for (const [keyPress, expected] of cases) assert.equal(keyName(keyPress), expected);
});
