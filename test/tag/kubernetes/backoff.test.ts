import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { backoffMs, spreadMs } from "../../../src/tag/kubernetes/backoff.ts";

describe("backoffMs", () => {
  it("doubles with each failure up to the longest pause", () => {
    const pauses = [1, 2, 3, 6, 7, 8, 1_000].map((failures) => backoffMs(failures, 1_000, 60_000, 1));
    assert.deepEqual(pauses, [1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it("spreads between half of it and all of it", () => {
    assert.deepEqual(
      [0, 0.5, 1].map((random) => spreadMs(1_000, random)),
      [500, 750, 1_000],
    );
  });
});
