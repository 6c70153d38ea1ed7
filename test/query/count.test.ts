import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NpmonError } from "../../src/error/error.ts";
import { parseCount } from "../../src/query/count.ts";

describe("parseCount", () => {
  it("reads whole numbers within the bounds, both ends included", () => {
    assert.equal(parseCount("1", "--count"), 1);
    assert.equal(parseCount(" 007 ", "--count"), 7);
    assert.equal(parseCount("9007199254740991", "--count"), Number.MAX_SAFE_INTEGER);
    assert.equal(parseCount("0", "--port", { min: 0, max: 65535 }), 0);
    assert.equal(parseCount("65535", "--port", { min: 0, max: 65535 }), 65535);
  });

  for (const text of [
    "",
    "0",
    "-1",
    "+1",
    "1.5",
    "1e3",
    "0x1",
    "ten",
    "1 2",
    "9007199254740992",
    "9".repeat(99),
  ]) {
    it(`refuses ${JSON.stringify(text.slice(0, 20))}, naming the option`, () => {
      assert.throws(
        () => parseCount(text, "--count"),
        (error: unknown) =>
          error instanceof NpmonError &&
          error.code === "usage" &&
          /^--count: found ".*", expected a whole number of 1 or more$/.test(error.message),
      );
    });
  }

  it("names both bounds when there are two", () => {
    assert.throws(() => parseCount("65536", "--port", { min: 0, max: 65535 }), /from 0 to 65535/);
  });
});
