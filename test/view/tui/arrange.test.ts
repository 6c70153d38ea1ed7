import assert from "node:assert/strict";
import { test } from "node:test";
import type { Snapshot, SnapshotFlow } from "../../../src/snapshot/snapshot.ts";
import { createFlow, createSnapshot } from "../fixtures/snapshots.ts";
import { order, press, start, take } from "./play-state.ts";

/** A snapshot `second` seconds in, with rows by name and bytes sent. */
function at(second: number, rows: Readonly<Record<string, number | Partial<SnapshotFlow>>>): Snapshot {
  const flows = Object.entries(rows).map(([service, row]) =>
    createFlow({
      source: { service },
      bytes_received: 0,
      ...(typeof row === "number" ? { bytes_sent: row } : row),
    }),
  );
  return createSnapshot({ end: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(), flows });
}

test("rows keep their places while their numbers change, and change them every five seconds at most", () => {
  let state = start(at(0, { a: 300, b: 200, c: 100 }));
  for (let second = 1; second < 5; second++) {
    state = take(state, at(second, { a: 1, b: 2, c: 900 }));
    assert.deepEqual(order(state), ["a", "b", "c"], `after ${second} s`);
  }
  assert.deepEqual(order(take(state, at(5, { a: 1, b: 2, c: 900 }))), ["c", "a", "b"]);
});

test("a burst of one window does not carry a row to the top", () => {
  let state = start(at(0, { steady: 1000, bursty: 10 }));
  for (let second = 1; second < 5; second++) state = take(state, at(second, { steady: 1000, bursty: 10 }));
  assert.deepEqual(order(take(state, at(5, { steady: 1000, bursty: 3000 }))), ["steady", "bursty"]);
});

test("a new row comes in where it belongs and moves nobody else, and is marked for three seconds", () => {
  let state = start(at(0, { a: 300, c: 100 }));
  state = take(state, at(1, { a: 1, c: 100, b: 200 }));
  assert.deepEqual(order(state), ["a", "b", "c"], "a has not sunk below b yet");
  const phases = [state.rows.find(({ flow }) => flow.source?.service === "b")?.phase];
  for (let second = 2; second < 6; second++) {
    state = take(state, at(second, { a: 1, c: 100, b: 200 }));
    phases.push(state.rows.find(({ flow }) => flow.source?.service === "b")?.phase);
  }
  assert.deepEqual(phases, ["new", "new", "new", "steady", "steady"]);
  assert.equal(state.rows.find(({ flow }) => flow.source?.service === "a")?.phase, "steady");
});

test("a row whose last connection closed says so, then stays for five seconds with nothing moving", () => {
  const { connections } = createFlow();
  const closing = { bytes_sent: 50, connections: { ...connections, active: 0, opened: 0, closed: 1 } };
  let state = start(at(0, { a: 300, b: 200, c: 100 }));
  state = take(state, at(1, { a: 300, b: closing, c: 100 }));
  assert.equal(state.rows[1]?.phase, "closing");
  for (let second = 2; second < 7; second++) {
    state = take(state, at(second, { a: 300, c: 100 }));
    assert.deepEqual(order(state), ["a", "b", "c"], `after ${second} s`);
    assert.deepEqual(
      [state.rows[1]?.phase, state.rows[1]?.flow.bytes_sent, state.rows[1]?.sentTotal],
      ["gone", 0, 250],
    );
  }
  assert.deepEqual(order(take(state, at(7, { a: 300, c: 100 }))), ["a", "c"]);
  const back = take(state, at(7, { a: 300, b: 70, c: 100 }));
  assert.deepEqual([order(back), back.rows[1]?.sentTotal], [["a", "b", "c"], 320]);
});

test("a frozen order changes for nobody: new rows come last, those that are gone keep their place", () => {
  let state = press(start(at(0, { a: 300, b: 200 })), "o");
  for (let second = 1; second < 20; second++) state = take(state, at(second, { b: 1, c: 900 }));
  assert.deepEqual(order(state), ["a", "b", "c"]);
  assert.deepEqual(order(press(state, "1")), ["a", "b", "c"], "by name when it is asked for");
  assert.deepEqual(order(press(state, "o")).slice(0, 1), ["c"]);
});

test("another column sorts at once, by what stands there now", () => {
  const state = take(start(at(0, { a: 300, b: 200, c: 100 })), at(1, { a: 1, b: 2, c: 900 }));
  assert.deepEqual(order(press(state, "3")), ["c", "b", "a"]);
  assert.deepEqual(order(press(state, "3", "S")), ["a", "b", "c"]);
});

test("at most the rows that were asked for are shown, the first by the order", () => {
  const state = start(at(0, { a: 1, b: 2, c: 3 }), { rows: 2 });
  assert.deepEqual(order(state), ["c", "b"]);
  assert.deepEqual(order(take(state, at(1, { a: 100, b: 2, c: 3 }))), ["a", "c"]);
});

test("rows of UDP alone have no connections and never close", () => {
  const { connections } = createFlow();
  const udp = { bytes_sent: 1, connections: { ...connections, active: 0, opened: 0, closed: 0 } };
  const state = take(start(at(0, { a: udp })), at(1, { a: udp }));
  assert.equal(state.rows[0]?.phase, "steady");
});
