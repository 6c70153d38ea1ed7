import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findVariable, keepVariables } from "../../src/tag/environ.ts";

describe("findVariable", () => {
  const cases: readonly [environ: string, value: string | null][] = [
    ["A=1\0", "1"],
    ["B=2\0A=1\0", "1"],
    ["A=1\0A=2\0", "1"],
    ["A=\0A=2\0", ""],
    ["AA=1\0BA=2\0", null],
    ["a=1\0", null],
    ["A\0A=1\0", "1"],
    ["\0\0A=1\0", "1"],
    ["A=1", null],
    ["B=1\0A=cut", null],
    ["A=x\ny\0", "x\ny"],
    ["A=B=C\0", "B=C"],
    ["", null],
    ["\0", null],
  ];
  for (const [environ, value] of cases) {
    it(`finds ${JSON.stringify(value)} in ${JSON.stringify(environ)}`, () => {
      assert.equal(findVariable(environ, "A"), value);
    });
  }
});

describe("keepVariables", () => {
  it("keeps what findVariable would have found and drops the rest", () => {
    const kept = keepVariables("X=9\0A=1\0A=2\0B=\0C=cut", ["A", "B", "C", "D"]);
    assert.equal(kept, "A=1\0B=\0");
  });
});
