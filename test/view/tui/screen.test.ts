import assert from "node:assert/strict";
import { test } from "node:test";
import type { Snapshot } from "../../../src/snapshot/snapshot.ts";
import { textWidth } from "../../../src/view/text.ts";
import { encodeFrame } from "../../../src/view/tui/frame.ts";
import type { Size } from "../../../src/view/tui/geometry.ts";
import { renderScreen } from "../../../src/view/tui/screen.tsx";
import { createState, reduceState, type TuiSettings, type TuiState } from "../../../src/view/tui/state.ts";
import {
  createBusySnapshot,
  createHostileSnapshot,
  createLargeSnapshot,
  createSnapshot,
  QUIET_PROBE,
} from "../fixtures/snapshots.ts";
import { assertGolden } from "../golden.ts";

const SIZES: readonly Size[] = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 200, rows: 50 },
];

const EMPTY = createSnapshot({ flows: [], probe: { ...QUIET_PROBE, flows: 0, tracked: 17 } });

function play(
  settings: Partial<TuiSettings>,
  snapshot: Snapshot | null,
  ...keys: readonly string[]
): TuiState {
  let state = createState({
    size: { columns: 80, rows: 24 },
    title: "npmon top",
    intervalMs: 1000,
    ...settings,
  });
  if (snapshot !== null) state = reduceState(state, { type: "snapshot", snapshot });
  return keys.reduce((current, key) => reduceState(current, { type: "key", key }), state);
}

function draw(state: TuiState, color = false): string {
  return `${renderScreen(state, color).join("\n")}\n`;
}

test("screens look as they were approved at three sizes", () => {
  for (const size of SIZES) {
    const name = `${size.columns}x${size.rows}`;
    assertGolden(`screen-busy-${name}`, draw(play({ size }, createBusySnapshot())));
    assertGolden(
      `screen-large-${name}`,
      draw(play({ size }, createLargeSnapshot(120), "pagedown", "down", "down")),
    );
    assertGolden(`screen-hostile-${name}`, draw(play({ size }, createHostileSnapshot())));
    assertGolden(`screen-help-${name}`, draw(play({ size }, createBusySnapshot(), "?")));
  }
});

test("the other screens look as they were approved", () => {
  assertGolden("screen-collecting", draw(play({}, null)));
  assertGolden("screen-empty", draw(play({}, EMPTY)));
  assertGolden(
    "screen-paused-sorted",
    draw(play({ units: "bits" }, createBusySnapshot(), "s", "s", "s", "space")),
  );
  assertGolden(
    "screen-limited",
    draw(play({ rows: 2 }, { ...createBusySnapshot(), filter: "source.service:web*" })),
  );
  assertGolden("screen-color", draw(play({}, createBusySnapshot()), true));
  const ended = reduceState(play({}, createBusySnapshot()), { type: "end" });
  assertGolden("screen-ended", draw(ended));
});

test("no screen is taller or wider than the terminal, however small", () => {
  const states = [
    play({}, null),
    play({}, EMPTY),
    play({}, createHostileSnapshot()),
    play({}, createLargeSnapshot(60), "G"),
    play({}, createBusySnapshot(), "space", "?"),
  ];
  for (const before of states) {
    for (const columns of [1, 2, 7, 12, 20, 33, 50, 79, 80, 81, 119, 160, 250]) {
      for (const rows of [1, 2, 3, 4, 5, 9, 24]) {
        const state = reduceState(before, { type: "resize", size: { columns, rows } });
        for (const color of [false, true]) {
          const lines = renderScreen(state, color);
          assert.ok(lines.length <= rows, `${lines.length} lines in ${columns}x${rows}`);
          for (const line of lines)
            assert.ok(textWidth(line) <= columns, `${columns}x${rows}: ${JSON.stringify(line)}`);
        }
      }
    }
  }
});

test("the keys are on the last line and a row on every line of the body", () => {
  const lines = renderScreen(play({}, createLargeSnapshot(60)), false);
  assert.equal(lines.length, 24);
  assert.match(lines.at(-1) ?? "", /^ q quit {2}\? help/);
  assert.match(lines.at(-2) ?? "", /client-\d/);
});

test("what a component throws comes out of renderScreen", () => {
  const probe = {
    ...QUIET_PROBE,
    get cpu_user_ms(): number {
      throw new Error("a component broke");
    },
  };
  const state = play({}, createSnapshot({ probe }));
  assert.throws(() => renderScreen(state, false), /a component broke/);
});

test("a frame writes the lines that changed, and all of them when nothing is known", () => {
  const size = { columns: 5, rows: 3 };
  const cases: readonly (readonly [readonly string[] | null, readonly string[], string])[] = [
    [["a", "b", "c"], ["a", "b", "c"], ""],
    [["a", "b", "c"], ["a", "B", "c"], "\u001b[2;1HB\u001b[0m\u001b[K"],
    [["a", "b", "c"], ["a"], "\u001b[2;1H\u001b[0m\u001b[K\u001b[3;1H\u001b[0m\u001b[K"],
    [["a"], ["12345"], "\u001b[1;1H12345\u001b[0m"],
    [null, ["a"], "\u001b[0m\u001b[2J\u001b[1;1Ha\u001b[0m\u001b[K"],
  ];
  for (const [before, after, expected] of cases) {
    assert.equal(
      encodeFrame(before, after, size),
      expected === "" ? "" : `\u001b[?2026h${expected}\u001b[?2026l`,
    );
  }
});
