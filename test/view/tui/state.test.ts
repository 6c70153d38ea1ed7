import assert from "node:assert/strict";
import { test } from "node:test";
import { NpmonError } from "../../../src/error/error.ts";
import type { Snapshot } from "../../../src/snapshot/snapshot.ts";
import { reduceState } from "../../../src/view/tui/reduce.ts";
import { createState, type TuiState } from "../../../src/view/tui/state.ts";
import { createFlow, createLargeSnapshot, createSnapshot } from "../fixtures/snapshots.ts";
import { press, SIZE, start, take } from "./play-state.ts";

/** 24 rows less two of header, one of bars, the headings and the keys. */
const BODY = 19;

test("keys move the selection and scroll no further than they must", () => {
  const state = start(createLargeSnapshot(100));
  const cases: readonly (readonly [readonly string[], number, number])[] = [
    [["up"], 0, 0],
    [["down", "j"], 2, 0],
    [["pagedown"], BODY - 1, 0],
    [["pagedown", "down"], BODY, 1],
    [["pagedown", "down", "k"], BODY - 1, 1],
    [["G"], 99, 100 - BODY],
    [["end", "pageup"], 100 - BODY, 100 - BODY],
    [["G", "down"], 99, 100 - BODY],
    [["G", "home"], 0, 0],
  ];
  for (const [keys, selected, scroll] of cases) {
    const { selected: actual, scroll: actualScroll } = press(state, ...keys);
    assert.deepEqual([actual, actualScroll], [selected, scroll], keys.join(" "));
  }
});

test("a chosen row is followed when the order changes; the first place is kept when none was chosen", () => {
  const after: Snapshot = createLargeSnapshot(100, 5);
  const chosen = press(start(createLargeSnapshot(100)), "down", "down");
  const moved = take(chosen, after);
  assert.equal(moved.rows[moved.selected]?.key, chosen.followedKey);
  assert.ok(moved.selected >= moved.scroll && moved.selected < moved.scroll + BODY);
  assert.equal(start([createLargeSnapshot(100), after]).selected, 0);
  assert.equal(press(moved, "g").followedKey, null);
});

test("rows that are gone leave the selection within those that are left", () => {
  const fewer = { ...createLargeSnapshot(10), group_by: ["source.service"] };
  const chosen = press(start(createLargeSnapshot(100)), "G");
  const left = take(chosen, fewer);
  assert.deepEqual([left.selected, left.scroll], [9, 0]);
  const none = take(left, createSnapshot({ flows: [] }));
  assert.deepEqual([none.selected, none.scroll], [0, 0]);
  assert.equal(press(none, "down", "up", "G", "pagedown", "enter", "f", "tab").selected, 0);
});

test("a pause holds the screen still, its past too, while totals go on", () => {
  const first = createSnapshot({ flows: [createFlow({ bytes_sent: 1 })] });
  const second = createSnapshot({ flows: [createFlow({ bytes_sent: 10 })] });
  const paused = press(start(first), "space");
  const later = take(paused, second, second);
  assert.equal(later.shown, first);
  assert.equal(later.rows[0]?.sentTotal, 1);
  const key = later.rows[0]?.key ?? "";
  assert.deepEqual(later.shownLedger.series(key, "sent", 2), [Number.NaN, 1]);
  const going = press(later, "space");
  assert.equal(going.shown, second);
  assert.equal(going.rows[0]?.sentTotal, 21);
  assert.deepEqual(going.shownLedger.series(key, "sent", 2), [10, 10]);
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

test("a digit sorts by the column at that place, and once more the other way round", () => {
  const state = start(createLargeSnapshot(3), { size: { columns: 200, rows: 50 } });
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["1"], "source.service"],
    [["1", "1"], "-source.service"],
    [["3"], "-sent"],
    [["3", "3"], "sent"],
    // The bars between are no column to sort by.
    [["5"], "-sent_total"],
    [["9"], "-retransmits"],
  ];
  for (const [keys, sort] of cases) assert.equal(press(state, ...keys).sort, sort, keys.join(" "));
  assert.equal(press(start(createLargeSnapshot(3)), "9").sort, "-traffic", "there is no ninth column");
});

test("t goes through the measures and takes the order along", () => {
  const state = press(start(createLargeSnapshot(3)), "3");
  const seen = [1, 2, 3].map((times) => {
    const { measure, sort } = press(state, ...Array<string>(times).fill("t"));
    return `${measure} ${sort}`;
  });
  assert.deepEqual(seen, ["throughput -bytes_sent", "total -sent_total", "bandwidth -sent"]);
});

test("u goes through the units, ? opens help and any key leads back, q and Ctrl-C leave", () => {
  const state = start(createSnapshot());
  assert.deepEqual(
    [press(state, "u").units, press(state, "u", "u").units, press(state, "u", "u", "u").units],
    ["bits", "bytes", "auto"],
  );
  assert.deepEqual(
    [press(state, "?"), press(state, "h", "down"), press(state, "?", "?"), press(state, "?", "q")].map(
      ({ mode }) => mode.kind,
    ),
    ["help", "help", "table", "table"],
  );
  assert.deepEqual(
    [press(state, "q"), press(state, "ctrl-c"), press(state, "?", "ctrl-c"), press(state, "x")].map(
      ({ isQuitting }) => isQuitting,
    ),
    [true, true, true, false],
  );
});

test("help scrolls as far as there is help", () => {
  const scrollOf = ({ mode }: TuiState): number => (mode.kind === "help" ? mode.scroll : -1);
  const open = press(start(createSnapshot()), "?");
  assert.equal(scrollOf(press(open, "down", "down", "up")), 1);
  const bottom = scrollOf(press(open, "end"));
  assert.ok(bottom > 0);
  assert.equal(scrollOf(press(open, "end", "down")), bottom);
  assert.equal(scrollOf(press(open, "end", "home")), 0);
});

test("keys before the first snapshot do no harm", () => {
  const state = createState({ size: SIZE });
  const keys = ["down", "G", "pagedown", "s", "S", "u", "t", "1", "space", "space", "?", "?", "tab", "o"];
  const after = press(
    state,
    ...keys,
    "b",
    "escape",
    "/",
    "escape",
    "f",
    "e",
    "n",
    "w",
    "escape",
    "enter",
    "+",
  );
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

test("what is to be done outside is done once", () => {
  const asked = press(start(createSnapshot()), "m");
  assert.deepEqual(asked.effects, [{ type: "mouse", isOn: false }]);
  assert.deepEqual(press(asked, "j").effects, []);
});
