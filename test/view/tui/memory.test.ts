import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { reduceState } from "../../../src/view/tui/reduce.ts";
import { renderScreen } from "../../../src/view/tui/screen.ts";
import { createState, type TuiState } from "../../../src/view/tui/state.ts";
import { createLargeSnapshot } from "../fixtures/snapshots.ts";

const FRAMES = 500;
const ROWS = 40;

test("watching for long keeps no memory of what was seen, with the same rows or ever new ones", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");
  let state: TuiState = createState({ size: { columns: 200, rows: 50 } });
  let tick = 0;

  const heapAfter = async (rowsAt: (tick: number) => number): Promise<number> => {
    for (let frame = 0; frame < FRAMES; frame++) {
      const snapshot = createLargeSnapshot(ROWS, ++tick);
      const flows = snapshot.flows.map((flow, index) => ({
        ...flow,
        destination: { service: `backend-${index + rowsAt(tick)}` },
      }));
      state = reduceState(state, { type: "snapshot", snapshot: { ...snapshot, flows } });
      renderScreen(state, 256);
      if (tick % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };

  const same = (): number => 0;
  await heapAfter(same);
  const before = await heapAfter(same);
  const kept = (await heapAfter(same)) - before;
  // A text kept for each line would be 500 frames of 50 lines of 200 characters: 5 MB and more.
  assert.ok(kept < 500_000, `${FRAMES} frames kept ${kept} bytes`);

  // 20,000 rows are remembered at most, and these are as many.
  const other = (at: number): number => at * ROWS;
  await heapAfter(other);
  const full = await heapAfter(other);
  const more = (await heapAfter(other)) - full;
  assert.ok(more < 1_000_000, `${FRAMES} frames of new rows kept ${more} bytes`);
});
