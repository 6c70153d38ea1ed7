import assert from "node:assert/strict";
import { test } from "node:test";
import { reduceState } from "../../../src/view/tui/reduce.ts";
import { renderScreen } from "../../../src/view/tui/screen.ts";
import type { TuiState } from "../../../src/view/tui/state.ts";
import { createLargeSnapshot } from "../fixtures/snapshots.ts";
import { press, start } from "./play-state.ts";

/** Clicks where the screen shows `text`. */
function click(state: TuiState, text: string, line?: number): TuiState {
  const { lines } = renderScreen(state, 0);
  const row = line ?? lines.findIndex((shown) => shown.includes(text));
  const column = lines[row]?.indexOf(text) ?? -1;
  assert.ok(row >= 0 && column >= 0, `${text} is on the screen`);
  return reduceState(state, { type: "mouse", button: "left", column, row });
}

function wheel(state: TuiState, button: "wheel-up" | "wheel-down"): TuiState {
  return reduceState(state, { type: "mouse", button, column: 5, row: 10 });
}

test("a click takes a row, which is followed from then on", () => {
  const state = start(createLargeSnapshot(60));
  const third = state.rows[3];
  const clicked = click(state, String(third?.flow.destination?.service));
  assert.deepEqual([clicked.selected, clicked.followedKey], [3, third?.key]);
  const scrolled = press(state, "G");
  const top = scrolled.rows[scrolled.scroll];
  assert.equal(click(scrolled, String(top?.flow.destination?.service)).selected, scrolled.scroll);
});

test("a click on a heading sorts by it, and another one the other way round", () => {
  const state = start(createLargeSnapshot(5));
  assert.equal(click(state, "RTT", 3).sort, "-rtt");
  assert.equal(click(click(state, "RTT", 3), "RTT", 3).sort, "rtt");
  assert.equal(click(state, "SOURCE", 3).sort, "source.service");
});

test("a click on a key of the last line presses it", () => {
  const state = start(createLargeSnapshot(5));
  assert.equal(click(state, "? help", 23).mode.kind, "help");
  assert.equal(click(state, "b group by", 23).mode.kind, "picker");
  assert.equal(click(state, "q quit", 23).isQuitting, true);
});

test("the wheel moves the selection, the help and the picker", () => {
  const state = start(createLargeSnapshot(60));
  assert.equal(wheel(wheel(state, "wheel-down"), "wheel-down").selected, 6);
  assert.equal(wheel(wheel(state, "wheel-down"), "wheel-up").selected, 0);
  const help = wheel(press(state, "?"), "wheel-down").mode;
  assert.equal(help.kind === "help" ? help.scroll : 0, 3);
  const picker = wheel(press(state, "b"), "wheel-down").mode;
  assert.equal(picker.kind === "picker" ? picker.picker.cursor : 0, 1);
});

test("a click in the picker takes the tag under it", () => {
  const clicked = click(press(start(createLargeSnapshot(5)), "b"), "namespace").mode;
  assert.equal(clicked.kind === "picker" ? clicked.picker.tags[clicked.picker.cursor] : "", "namespace");
});

test("clicks beside everything do nothing", () => {
  const state = start(createLargeSnapshot(3));
  for (const [column, row] of [
    [0, 0],
    [0, 3],
    [10, 20],
    [500, 500],
  ] as const) {
    const after = reduceState(state, { type: "mouse", button: "left", column, row });
    assert.deepEqual(
      [after.selected, after.sort, after.mode.kind, after.effects],
      [0, "-traffic", "table", []],
    );
  }
});
