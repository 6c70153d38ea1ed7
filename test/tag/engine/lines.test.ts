import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { LineCutter } from "../../../src/tag/engine/lines.ts";

function cut(chunks: readonly Buffer[], maxBytes: number): { lines: string[]; skipped: number } {
  const lines: string[] = [];
  const cutter = new LineCutter(maxBytes, (line) => lines.push(line));
  for (const chunk of chunks) cutter.add(chunk);
  return { lines, skipped: cutter.skipped };
}

function inPieces(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const size of sizes) {
    pieces.push(bytes.subarray(from, from + size));
    from += size;
  }
  return [...pieces, bytes.subarray(from)];
}

describe("LineCutter", () => {
  it("gives whole lines however they arrive", () => {
    const text = fc.string({ unit: "binary", maxLength: 40 }).map((line) => line.replaceAll("\n", ""));
    fc.assert(
      fc.property(fc.array(text), fc.array(fc.nat(30)), (given, sizes) => {
        const bytes = Buffer.from(given.map((line) => `${line}\n`).join(""));
        const lines = bytes.toString().split("\n").filter(Boolean);
        assert.deepEqual(cut(inPieces(bytes, sizes), 1_000), { lines, skipped: 0 });
      }),
    );
  });

  it("keeps to itself what has no end yet", () => {
    assert.deepEqual(cut([Buffer.from("a\nb")], 10), { lines: ["a"], skipped: 0 });
  });

  for (const size of [1, 7, 4_096, 100_000]) {
    it(`skips a line over the limit and no other, in pieces of ${size} bytes`, () => {
      const bytes = Buffer.from(
        `a\n${"x".repeat(5_000)}\n${"y".repeat(5_001)}\nb\n${"z".repeat(90_000)}\nc\n`,
      );
      const sizes = Array.from({ length: Math.ceil(bytes.length / size) }, () => size);
      const expected = { lines: ["a", "x".repeat(5_000), "b", "c"], skipped: 2 };
      assert.deepEqual(cut(inPieces(bytes, sizes), 5_000), expected);
    });
  }

  it("does not hold on to the bytes it was given", () => {
    const bytes = Buffer.from("ab");
    const lines: string[] = [];
    const cutter = new LineCutter(10, (line) => lines.push(line));
    cutter.add(bytes);
    bytes.fill("z");
    cutter.add(Buffer.from("c\n"));
    assert.deepEqual(lines, ["abc"]);
  });
});
