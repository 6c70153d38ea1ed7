import assert from "node:assert/strict";
import { test } from "node:test";
import { describeContext } from "../../../src/view/tui/context.ts";
import type { Question } from "../../../src/view/tui/question.ts";
import { FIT } from "../../../src/view/tui/question.ts";
import { reduceState } from "../../../src/view/tui/reduce.ts";
import type { TuiState } from "../../../src/view/tui/state.ts";
import { answer, BY_SERVICE, createFlowSnapshot } from "../fixtures/questions.ts";
import { press, start, take, type } from "./play-state.ts";

/** The one question that is to be asked, answered at once. */
function answered(state: TuiState): TuiState {
  const [effect] = state.effects;
  assert.equal(effect?.type, "ask");
  const question = effect?.type === "ask" ? effect.question : BY_SERVICE;
  const verdict = reduceState(state, { type: "verdict", verdict: FIT });
  return take(verdict, answer(question, createFlowSnapshot(1)));
}

function opened(): TuiState {
  return start(answer(BY_SERVICE, createFlowSnapshot()));
}

function rowsOf({ rows }: TuiState, end: "source" | "destination" = "source"): readonly unknown[] {
  return rows.map(({ flow }) => Object.values(flow[end] ?? {}).join(" "));
}

function selectRow(state: TuiState, service: string, to: string | null): TuiState {
  const index = state.rows.findIndex(
    ({ flow }) => flow.source?.service === service && flow.destination?.service === to,
  );
  assert.ok(index >= 0, `${service} → ${to}`);
  return press(state, "g", ...Array<string>(index).fill("down"));
}

test("Enter goes from a pair of services to its processes and to their flows, Esc back to where it was", () => {
  const chosen = selectRow(opened(), "checkout", "redis");
  const processes = answered(press(chosen, "enter"));
  assert.deepEqual(processes.question?.groupBy, [
    "source.process",
    "source.pid",
    "destination.process",
    "destination.pid",
    "destination.ip",
  ]);
  assert.deepEqual([...rowsOf(processes)].sort(), ["checkout-w 200", "checkout-w 201"]);
  assert.equal(describeContext(processes), "all › checkout → redis");
  const flows = answered(press(processes, "enter"));
  assert.deepEqual(flows.question?.groupBy, ["flow"]);
  assert.equal(flows.rows.length, 2);
  assert.match(
    describeContext(flows),
    /^all › checkout → redis › checkout-w 20[01] → redis 901 10\.0\.1\.1$/,
  );
  assert.equal(press(flows, "enter").isDetailOpen, true, "a flow is made of nothing else");
  const back = answered(press(flows, "escape"));
  assert.deepEqual([...rowsOf(back)].sort(), ["checkout-w 200", "checkout-w 201"]);
  const top = answered(press(back, "escape"));
  assert.deepEqual(top.question, BY_SERVICE);
  assert.equal(top.rows[top.selected]?.flow.destination?.service, "redis");
  assert.deepEqual(press(top, "escape").effects, [], "there is nothing before it");
});

test("a destination that nobody knows can be gone into as well", () => {
  const chosen = selectRow(opened(), "mailer", null);
  const processes = answered(press(chosen, "enter"));
  assert.deepEqual([...rowsOf(processes)].sort(), ["mailer-w 400", "mailer-w 401"]);
  assert.equal(describeContext(processes), "all › mailer → N/A");
});

test("by client and server it stays so down to the flows", () => {
  const byRole: Question = { ...BY_SERVICE, groupBy: ["client.service", "server.service"] };
  const state = start(answer(byRole, createFlowSnapshot()), { question: byRole });
  const processes = answered(press(state, "enter"));
  assert.equal(processes.question?.groupBy[0], "client.process");
  const flows = answered(press(processes, "enter"));
  assert.deepEqual(flows.question?.groupBy, [
    "client.process",
    "client.ip",
    "client.port",
    "server.process",
    "server.ip",
    "server.port",
    "protocol",
  ]);
  assert.equal(flows.rows.length, 2);
  assert.deepEqual(press(flows, "enter").effects, []);
});

test("f leaves only a row and e all but it", () => {
  const chosen = selectRow(opened(), "checkout", "redis");
  assert.deepEqual(rowsOf(answered(press(chosen, "f")), "destination"), ["redis"]);
  const without = answered(press(chosen, "e"));
  assert.deepEqual([...rowsOf(without, "destination")].sort(), ["", "checkout", "postgres"]);
  assert.equal(describeContext(without), "all › not checkout → redis");
  const flows = answered(press(answered(press(chosen, "enter")), "enter"));
  assert.match(press(flows, "f").notice?.text ?? "", /single flows/);
});

test("n shows addresses instead of names, and names again", () => {
  const addresses = answered(press(opened(), "n"));
  assert.deepEqual(addresses.question?.groupBy, ["source.ip", "destination.ip"]);
  assert.deepEqual(answered(press(addresses, "n")).question, BY_SERVICE);
  const byPort = { ...BY_SERVICE, groupBy: ["source.pid", "destination.port"] };
  const state = start(answer(byPort, createFlowSnapshot()), { question: byPort });
  assert.match(press(state, "n").notice?.text ?? "", /no names/);
});

test("b chooses what a row is made of", () => {
  const open = press(opened(), "b");
  const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
    [
      ["down", "enter"],
      ["source.process", "destination.process"],
    ],
    [
      ["p", "o", "r", "t", "enter"],
      ["source.port", "destination.port"],
    ],
    [
      ["p", "o", "r", "x", "enter"],
      ["source.port", "destination.port"],
    ],
    [
      ["tab", "enter"],
      ["client.service", "server.service"],
    ],
    [
      ["p", "i", "d", "space", "space", "enter"],
      ["source.service", "destination.service", "source.pid"],
    ],
    [
      ["space", "ctrl-u", "p", "i", "d", "space", "space", "space", "enter"],
      ["source.service", "destination.pid"],
    ],
    [["end", "enter"], ["flow"]],
    [
      ["p", "r", "o", "t", "space", "enter"],
      ["source.service", "destination.service", "protocol"],
    ],
    [
      ["l", "a", "b", "e", "l", "enter"],
      ["source.label.app", "destination.label.app"],
    ],
  ];
  for (const [keys, groupBy] of cases) {
    assert.deepEqual(press(open, ...keys).question?.groupBy, groupBy, keys.join(" "));
  }
  assert.deepEqual(press(open, "enter").effects, [], "nothing else is nothing to ask");
  assert.equal(press(open, "escape").mode.kind, "table");
});

test("/ asks with a filter that fits; what does not fit is said and not asked", () => {
  const open = press(opened(), "/");
  const wrong = press(type(open, "a b!"), "enter");
  assert.deepEqual([wrong.mode.kind, wrong.effects], ["prompt", []]);
  const right = press(wrong, "backspace", "enter");
  assert.equal(right.question?.filter, "a b");
  const filtered = answered(right);
  assert.equal(describeContext(filtered), "filter: a b");
  assert.equal(press(filtered, "/", "ctrl-u", "enter").question?.filter, "");
  assert.equal(answered(press(filtered, "escape")).question?.filter, "");
  assert.deepEqual(press(filtered, "/", "enter").effects, [], "the same filter is nothing to ask");
});

test("filters typed before come back with Up, and Tab completes a tag", () => {
  const filtered = answered(press(type(press(opened(), "/"), "first"), "enter"));
  const again = press(type(press(filtered, "/", "ctrl-u"), "second"), "enter");
  const recalled = press(answered(again), "/", "up", "up");
  assert.equal(recalled.mode.kind === "prompt" ? recalled.mode.editor.text : "", "first");
  const completed = press(type(press(opened(), "/"), "x -source.proc"), "tab");
  assert.equal(completed.mode.kind === "prompt" ? completed.mode.editor.text : "", "x -source.process:");
  const common = press(type(press(opened(), "/"), "so"), "tab");
  assert.equal(common.mode.kind === "prompt" ? common.mode.editor.text : "", "source.");
});

test("+ and - change the interval by steps and within bounds, and Esc does not undo that", () => {
  const longer = press(opened(), "+");
  assert.equal(longer.question?.intervalMs, 2000);
  assert.deepEqual(longer.effects, [{ type: "ask", question: longer.question }]);
  assert.equal(press(opened(), "-").question?.intervalMs, 500);
  assert.equal(press(opened(), ...Array<string>(30).fill("-")).question?.intervalMs, 100);
  assert.equal(press(opened(), ...Array<string>(30).fill("+")).question?.intervalMs, 300_000);
  const inside = answered(press(answered(longer), "enter"));
  assert.equal(answered(press(inside, "escape")).question?.intervalMs, 2000);
});

test("a question that cannot be answered leaves everything as it was, and why is said", () => {
  const before = selectRow(opened(), "checkout", "redis");
  const asked = press(before, "enter");
  const verdict = { isFit: false, message: "the saved snapshots have no processes", column: null } as const;
  const refused = reduceState(asked, { type: "verdict", verdict });
  assert.deepEqual([refused.question, refused.visited, refused.isWaiting], [BY_SERVICE, [], false]);
  assert.equal(refused.notice?.text, verdict.message);
  assert.equal(press(refused, "j").notice, null);
});

test("another question begins the totals and the past anew; sums over all rows go on when they are of the same", () => {
  const before = take(opened(), answer(BY_SERVICE, createFlowSnapshot(1)));
  const byProcess = answered(press(before, "b", "down", "enter"));
  assert.equal(byProcess.rows[0]?.sentTotal, byProcess.rows[0]?.flow.bytes_sent);
  assert.equal(byProcess.shownLedger.overall("sent", 3).filter((value) => value > 0).length, 3);
  const pinned = answered(press(before, "f"));
  assert.equal(pinned.shownLedger.overall("sent", 3).filter((value) => value > 0).length, 1);
  const paused = press(before, "space", "b", "down", "enter");
  assert.equal(answered(paused).isPaused, false, "an answer is shown also when the screen was held");
});

test("a sort by a column that the next question does not have falls back to traffic", () => {
  const sorted = press(opened(), "1");
  assert.equal(sorted.sort, "source.service");
  const inside = answered(press(sorted, "enter"));
  assert.equal(inside.sort, "-traffic");
  assert.equal(answered(press(inside, "escape")).sort, "source.service");
});

test("w asks for a name and has the snapshot on the screen written", () => {
  const open = press(opened(), "w");
  assert.equal(open.mode.kind === "prompt" ? open.mode.editor.text : "", "npmon-web-1-20260101T000100Z.json");
  const written = press(open, "ctrl-u", "x", "enter");
  assert.deepEqual(written.effects, [{ type: "save", path: "x", snapshot: open.shown }]);
  assert.deepEqual(press(open, "escape").effects, []);
});

test("without anybody to ask, keys that ask say so and do nothing", () => {
  const alone = start(answer(BY_SERVICE, createFlowSnapshot()), { port: undefined });
  for (const key of ["enter", "f", "e", "n", "b", "/", "+"]) {
    const after = press(alone, key);
    assert.deepEqual([after.effects, after.mode.kind], [[], "table"], key);
    assert.notEqual(after.notice, null, key);
  }
});
