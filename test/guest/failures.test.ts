import assert from "node:assert/strict";
import { test } from "node:test";
import { failuresOf } from "./failures.ts";

const PASSED = ["    # Subtest: fine", "    ok 1 - fine", "      ---", "      duration_ms: 1", "      ..."];
const FAILED = ["    not ok 2 - wrong", "      ---", "      error: |-", "        1 !== 2", "      ..."];
const SUITE = ["not ok 1 - all", "  ---", "  error: '1 subtest failed'", "  ..."];

test("of what a guest's tests say only what failed is told, with what is said of it", () => {
  const lines = [
    "TAP version 13",
    "# Subtest: all",
    ...PASSED,
    ...FAILED,
    ...PASSED,
    "    1..3",
    ...SUITE,
    "1..1",
  ];
  assert.equal(failuresOf([...lines, "# fail 1", ""].join("\n")), [...FAILED, ...SUITE].join("\n"));
});

test("where no test is said to have failed all of it is told, or the end", () => {
  const died = ["TAP version 13", ...PASSED, "Segmentation fault"].join("\n");
  assert.equal(failuresOf(died), died);
  assert.equal(failuresOf(`${"x".repeat(100_000)}last`).length, 20_000);
  assert.match(failuresOf(`${"x".repeat(100_000)}last`), /last$/);
});
