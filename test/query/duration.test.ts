import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NpmonError } from "../../src/error/error.ts";
import { parseDuration } from "../../src/query/duration.ts";

const FITTING: readonly [text: string, durationMs: number][] = [
  ["1s", 1_000],
  ["500ms", 500],
  ["5m", 300_000],
  ["2h", 7_200_000],
  ["5", 5_000],
  ["0.5", 500],
  [".5", 500],
  ["5.", 5_000],
  ["1.5h", 5_400_000],
  ["0.1s", 100],
  ["50ms", 50],
  ["0.05", 50],
  ["24h", 86_400_000],
  ["86400", 86_400_000],
  ["1440m", 86_400_000],
  ["1d", 86_400_000],
  ["333.4ms", 333],
  [" 1s ", 1_000],
];

const MISFITTING: readonly [text: string, says: RegExp][] = [
  ["", /found "", expected a duration such as 500ms, 1s, 5m or 2h, or a number of seconds/],
  ["s", /expected a duration/],
  [".", /expected a duration/],
  ["-1s", /found "-1s", expected a duration/],
  ["+1", /expected a duration/],
  ["1 s", /expected a duration/],
  ["1.5d", /expected 50ms to 24h/],
  ["1S", /expected a duration/],
  ["1e3", /expected a duration/],
  ["0x10", /expected a duration/],
  ["NaN", /expected a duration/],
  ["Infinity", /expected a duration/],
  ["1m30s", /expected a duration/],
  ["1,5s", /expected a duration/],
  ["٣s", /expected a duration/],
  ["9".repeat(400), /expected a duration/],
  ["1s\nrm", /found "1s\\u\{a\}rm", expected a duration/],
  ["0", /found "0", expected 50ms to 24h/],
  ["49.9ms", /expected 50ms to 24h/],
  ["0.0499", /expected 50ms to 24h/],
  ["24.01h", /expected 50ms to 24h/],
  ["999999999999h", /expected 50ms to 24h/],
];

describe("parseDuration", () => {
  for (const [text, durationMs] of FITTING) {
    it(`reads ${JSON.stringify(text)} as ${durationMs} ms`, () => {
      assert.equal(parseDuration(text, "--interval"), durationMs);
    });
  }

  for (const [text, says] of MISFITTING) {
    it(`refuses ${JSON.stringify(text.slice(0, 20))}, naming the option and what would do`, () => {
      assert.throws(
        () => parseDuration(text, "--interval"),
        (error: unknown) => {
          assert.ok(error instanceof NpmonError);
          assert.equal(error.code, "usage");
          assert.match(error.message, /^--interval: [^\n]{1,200}$/);
          assert.match(error.message, says);
          return true;
        },
      );
    });
  }
});
