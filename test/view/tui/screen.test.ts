import assert from "node:assert/strict";
import { test } from "node:test";
import type { Snapshot } from "../../../src/snapshot/snapshot.ts";
import type { ColorDepth } from "../../../src/view/paint.ts";
import { textWidth } from "../../../src/view/text.ts";
import { encodeFrame } from "../../../src/view/tui/frame.ts";
import { reduceState } from "../../../src/view/tui/reduce.ts";
import type { Screen } from "../../../src/view/tui/screen.ts";
import { renderScreen } from "../../../src/view/tui/screen.ts";
import type { Size, TuiState } from "../../../src/view/tui/state.ts";
import { answer, BY_SERVICE, createFlowSnapshot } from "../fixtures/questions.ts";
import {
  createBusySnapshot,
  createHostileSnapshot,
  createLargeSnapshot,
  createSnapshot,
  QUIET_PROBE,
} from "../fixtures/snapshots.ts";
import { assertGolden } from "../golden.ts";
import { press, start, take, type } from "./play-state.ts";

const SIZES: readonly Size[] = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 200, rows: 50 },
];

const EMPTY = createSnapshot({ flows: [], probe: { ...QUIET_PROBE, flows: 0, tracked: 17 } });

function draw(state: TuiState, depth: ColorDepth = 0): string {
  return `${renderScreen(state, depth).lines.join("\n")}\n`;
}

/** Twenty snapshots in which everything moves; the last is `last`. */
function history(last: (tick: number) => Snapshot): readonly Snapshot[] {
  return Array.from({ length: 20 }, (_, tick) => last(tick + 1));
}

function asked(tick: number, question = BY_SERVICE): Snapshot {
  return answer(question, createFlowSnapshot(tick));
}

/** Gone into a row, with the answer there. */
function inside(state: TuiState): TuiState {
  const drilled = press(state, "enter");
  return take(drilled, ...history((tick) => asked(tick, drilled.question ?? BY_SERVICE)));
}

test("screens look as they were approved at three sizes", () => {
  for (const size of SIZES) {
    const name = `${size.columns}x${size.rows}`;
    const open = (snapshots: Snapshot | readonly Snapshot[]): TuiState => start(snapshots, { size });
    const moving = open(history(asked));
    const modes: Readonly<Record<string, TuiState>> = {
      busy: open(createBusySnapshot()),
      large: press(open(history((tick) => createLargeSnapshot(120, tick))), "pagedown", "down", "down"),
      hostile: open(createHostileSnapshot()),
      help: press(moving, "?"),
      detail: press(moving, "down", "tab"),
      picker: press(moving, "b", "down", "space", "down", "down", "space", "space"),
      inside: inside(press(moving, "down")),
      filter: type(press(moving, "/"), "source.ser"),
    };
    for (const [mode, state] of Object.entries(modes)) assertGolden(`screen-${mode}-${name}`, draw(state));
  }
});

test("the other screens look as they were approved", () => {
  const busy = createBusySnapshot();
  const waiting = press(start(asked(1)), "enter");
  const replay = start([], { isReplay: true });
  const played = { snapshots: history(asked), isAnew: true, position: 20, count: 60 };
  const playing = reduceState(replay, { type: "played", played });
  const cases: Readonly<Record<string, TuiState>> = {
    collecting: start([]),
    empty: start(EMPTY),
    "paused-sorted": press(start(busy, { units: "bits" }), "s", "s", "s", "space"),
    limited: start({ ...busy, filter: "source.service:web*" }, { rows: 2 }),
    ended: reduceState(start(busy), { type: "end" }),
    "filter-wrong": type(press(start(busy), "/"), "source.service:web !"),
    save: press(start(busy), "w"),
    notice: reduceState(start(busy), { type: "notice", notice: { text: "wrote x.json", isTrouble: false } }),
    waiting,
    totals: press(start(busy), "t", "t", "o"),
    replay: press(playing, "+", "+"),
    "replay-paused": press(playing, "space"),
    "replay-over": reduceState(playing, { type: "played", played: { ...played, count: 20 } }),
  };
  for (const [name, state] of Object.entries(cases)) assertGolden(`screen-${name}`, draw(state));
  assertGolden("screen-color-16", draw(press(start(busy), "tab"), 16));
  assertGolden("screen-color-256", draw(press(start(busy), "tab"), 256));
});

test("no screen is taller or wider than the terminal, however small", () => {
  const states = [
    start([]),
    start(EMPTY),
    start(createHostileSnapshot()),
    press(start(createHostileSnapshot()), "tab"),
    press(start(createLargeSnapshot(60)), "G"),
    press(start(createBusySnapshot()), "space", "?"),
    press(start(asked(1)), "b", "space"),
    type(press(start(asked(1)), "/"), "日本語 and some more text than fits!"),
    inside(start(asked(1))),
    press(start(asked(1)), "w"),
  ];
  for (const before of states) {
    for (const columns of [1, 2, 7, 12, 20, 33, 50, 79, 80, 81, 119, 160, 250]) {
      for (const rows of [1, 2, 3, 4, 5, 9, 14, 24, 37]) {
        const state = reduceState(before, { type: "resize", size: { columns, rows } });
        for (const depth of [0, 256] as const) {
          const { lines, cursor } = renderScreen(state, depth);
          assert.ok(lines.length <= rows, `${lines.length} lines in ${columns}x${rows}`);
          for (const line of lines)
            assert.ok(textWidth(line) <= columns, `${columns}x${rows}: ${JSON.stringify(line)}`);
          if (cursor !== null) assert.ok(cursor.column < columns && cursor.row < rows);
        }
      }
    }
  }
});

test("the keys are on the last line and a row on every line of the body", () => {
  const { lines } = renderScreen(start(createLargeSnapshot(60)), 0);
  assert.equal(lines.length, 24);
  assert.match(lines.at(-1) ?? "", /^ q quit {2}\? help/);
  assert.match(lines.at(-2) ?? "", /client-\d/);
});

test("without colours there is no escape on any screen", () => {
  for (const keys of [[], ["?"], ["b"], ["/"], ["tab"], ["space"]]) {
    assert.ok(!draw(press(start(createHostileSnapshot()), ...keys)).includes("\u001b"), keys.join());
  }
});

test("what breaks while a screen is made comes out of renderScreen", () => {
  const probe = {
    ...QUIET_PROBE,
    get cpu_user_ms(): number {
      throw new Error("a part broke");
    },
  };
  const state = start(createSnapshot({ probe }));
  assert.throws(() => renderScreen(state, 0), /a part broke/);
});

test("a frame writes the lines that changed, and all of them when nothing is known", () => {
  const size = { columns: 5, rows: 3 };
  const shows = (...lines: readonly string[]): Screen => ({ lines, cursor: null });
  const types = (column: number, ...lines: readonly string[]): Screen => ({
    lines,
    cursor: { column, row: 2 },
  });
  const cases: readonly (readonly [Screen | null, Screen, string])[] = [
    [shows("a", "b", "c"), shows("a", "b", "c"), ""],
    [shows("a", "b", "c"), shows("a", "B", "c"), "\u001b[2;1HB\u001b[0m\u001b[K"],
    [shows("a", "b", "c"), shows("a"), "\u001b[2;1H\u001b[0m\u001b[K\u001b[3;1H\u001b[0m\u001b[K"],
    [shows("a"), shows("12345"), "\u001b[1;1H12345\u001b[0m"],
    [null, shows("a"), "\u001b[0m\u001b[2J\u001b[1;1Ha\u001b[0m\u001b[K"],
    [shows("a"), types(1, "a"), "\u001b[3;2H\u001b[?25h"],
    [types(1, "a"), types(1, "a"), ""],
    [types(1, "a"), types(2, "b"), "\u001b[1;1Hb\u001b[0m\u001b[K\u001b[3;3H\u001b[?25h"],
    [types(1, "a"), types(1, "b"), "\u001b[1;1Hb\u001b[0m\u001b[K\u001b[3;2H\u001b[?25h"],
    [types(1, "a"), shows("a"), "\u001b[?25l"],
  ];
  for (const [before, after, expected] of cases) {
    assert.equal(
      encodeFrame(before, after, size),
      expected === "" ? "" : `\u001b[?2026h${expected}\u001b[?2026l`,
    );
  }
});
