import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { quoteInput } from "../../src/query/quote.ts";

const CASES: readonly [text: string, quoted: string][] = [
  ["", '""'],
  ["plain text", '"plain text"'],
  ['a "b" \\', '"a \\"b\\" \\\\"'],
  ["a\nb\tc\u0000", '"a\\u{a}b\\u{9}c\\u{0}"'],
  ["\u001b[2J\u007f\u009b", '"\\u{1b}[2J\\u{7f}\\u{9b}"'],
  ["\u2028\u2029", '"\\u{2028}\\u{2029}"'],
  ["\u202e\u2066\ufeff", '"\\u{202e}\\u{2066}\\u{feff}"'],
  ["\ud800", '"\\u{d800}"'],
  ["naïve 日本 😀", '"naïve 日本 😀"'],
  ["x".repeat(40), `"${"x".repeat(40)}"`],
  ["x".repeat(41), `"${"x".repeat(39)}…"`],
  ["😀".repeat(1_000), `"${"😀".repeat(39)}…"`],
];

describe("quoteInput", () => {
  for (const [text, quoted] of CASES) {
    it(`writes ${quoted}`, () => {
      assert.equal(quoteInput(text), quoted);
    });
  }
});
