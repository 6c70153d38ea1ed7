import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { editDistance, nearestWord } from "../../src/query/edit-distance.ts";

const DISTANCES: readonly [from: string, to: string, distance: number][] = [
  ["", "", 0],
  ["", "abc", 3],
  ["abc", "", 3],
  ["port", "port", 0],
  ["prot", "port", 1],
  ["por", "port", 1],
  ["ports", "port", 1],
  ["pork", "port", 1],
  ["kitten", "sitting", 3],
  ["ab", "ba", 1],
  ["abcd", "badc", 2],
];

describe("editDistance", () => {
  for (const [from, to, distance] of DISTANCES) {
    it(`is ${distance} between "${from}" and "${to}", either way round`, () => {
      assert.equal(editDistance(from, to), distance);
      assert.equal(editDistance(to, from), distance);
    });
  }
});

describe("nearestWord", () => {
  it("suggests a word only when it is near", () => {
    const words = ["service", "port", "pid", "ip"];
    assert.equal(nearestWord("sevrice", words), "service");
    assert.equal(nearestWord("PORT", words), "port");
    assert.equal(nearestWord("ipp", words), "ip");
    assert.equal(nearestWord("", words), null);
    assert.equal(nearestWord("banana", words), null);
    assert.equal(nearestWord("x".repeat(1e6), words), null);
  });
});
