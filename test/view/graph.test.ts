import assert from "node:assert/strict";
import { test } from "node:test";
import { barRows, highest, mean, sparkline } from "../../src/view/graph.ts";

const NONE = Number.NaN;

test("bars are as high as their share of the highest, and something is never nothing", () => {
  const cases: readonly (readonly [readonly number[], number, string])[] = [
    [[], 3, "   "],
    [[0, 0, 0], 3, "···"],
    [[1, 2, 4, 8], 4, "▁▂▄█"],
    [[0, 0.001, 1000], 3, "·▁█"],
    [[NONE, NONE, 5], 3, "  █"],
    [[5], 3, "  █"],
    [[1, 2, 3, 4, 5, 6, 7, 8], 4, "▅▆▇█"],
    [[8, 1], 1, "█"],
  ];
  for (const [values, width, expected] of cases) assert.equal(sparkline(values, width), expected);
});

test("higher bars stand on each other, all lines equally wide", () => {
  assert.deepEqual(barRows([0, 1, 8, 16], 5, 2), ["    █", " ·▁██"]);
  assert.deepEqual(barRows([NONE, 24], 3, 3), ["  █", "  █", "  █"]);
  assert.deepEqual(barRows([], 2, 2), ["  ", "  "]);
});

test("the highest and the mean are of the values that are there", () => {
  assert.equal(highest([NONE, 2, 7, 3]), 7);
  assert.equal(highest([]), 0);
  assert.equal(mean([NONE, 2, 4]), 3);
  assert.ok(Number.isNaN(mean([NONE])));
});
