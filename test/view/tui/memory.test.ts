import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createState, reduceState } from "../../../src/view/tui/state.ts";
import { createLargeSnapshot } from "../fixtures/snapshots.ts";

const FRAMES = 500;

test("drawing for long keeps no memory of what was drawn", async () => {
  // As `runTui` loads it: the development build of React keeps a record of every frame.
  process.env.NODE_ENV = "production";
  const { renderScreen } = await import("../../../src/view/tui/screen.tsx");
  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");

  const heapAfter = async (from: number): Promise<number> => {
    for (let tick = from; tick < from + FRAMES; tick++) {
      const state = createState({ size: { columns: 80, rows: 24 } });
      renderScreen(reduceState(state, { type: "snapshot", snapshot: createLargeSnapshot(40, tick) }), true);
      if (tick % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };

  await heapAfter(0);
  const before = await heapAfter(FRAMES);
  const kept = (await heapAfter(2 * FRAMES)) - before;
  // A text kept for each line would be 500 frames of 24 lines of 80 characters: 1 MB and more.
  assert.ok(kept < 500_000, `${FRAMES} frames kept ${kept} bytes`);
});
