import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { compilePattern, equalsFolded, foldText, PatternBuilder } from "../../src/query/pattern.ts";

/** Every `*` and `?` is a wildcard. */
function patternOf(text: string) {
  const builder = new PatternBuilder();
  for (const part of text.split(/([*?])/)) {
    if (part === "*") builder.any();
    else if (part === "?") builder.one();
    else builder.literal(part);
  }
  return builder.build();
}

const CASES: readonly (readonly [pattern: string, text: string, fits: boolean])[] = [
  ["web*", "web", true],
  ["web*", "web-1", true],
  ["web*", "Web-1", true],
  ["WEB*", "web-1", true],
  ["web*", "aweb", false],
  ["*web", "my-web", true],
  ["*web", "my-webs", false],
  ["*web*", "my-webs", true],
  ["w?b", "web", true],
  ["w?b", "wb", false],
  ["w?b", "weeb", false],
  ["?", "😀", true],
  ["??", "😀", false],
  ["*?", "", false],
  ["*?", "😀", true],
  ["a*b*c", "aXbXbXc", true],
  ["a*b*c", "aXbXbXd", false],
  ["*", "", true],
  ["ÄÖ*", "äöü", true],
  ["*", "\ud800", true],
  ["?", "\ud800", true],
];

describe("compilePattern", () => {
  for (const [pattern, text, fits] of CASES) {
    it(`says that ${pattern} ${fits ? "fits" : "does not fit"} ${JSON.stringify(text)}`, () => {
      assert.equal(compilePattern(patternOf(pattern))(text), fits);
    });
  }

  it("fits what a regular expression fits", () => {
    const part = fc.string({ unit: fc.constantFrom(..."abA*?"), maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom(..."abAB😀"), maxLength: 10 });
    fc.assert(
      fc.property(part, text, (pattern, value) => {
        const expression = pattern.replaceAll("?", ".").replaceAll("*", ".*");
        assert.equal(
          compilePattern(patternOf(pattern))(value),
          new RegExp(`^${expression}$`, "isu").test(value),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it("comes to an end with a pattern that would keep a regular expression busy for ever", () => {
    const fits = compilePattern(patternOf(`${"*a".repeat(400)}*b`));
    assert.equal(fits("a".repeat(65_536)), false);
  });
});

describe("PatternBuilder", () => {
  it("builds the same parts for patterns that mean the same", () => {
    assert.deepEqual(patternOf("a**b"), patternOf("a*b"));
    assert.deepEqual(patternOf("*?*?"), patternOf("??*"));
  });
});

describe("equalsFolded", () => {
  it("takes upper and lower case alike, in any script, and no other letters", () => {
    for (const [a, b, same] of [
      ["Web", "wEB", true],
      ["ÄÉ", "äé", true],
      ["Жук", "жУК", true],
      ["web", "webb", false],
      ["wea", "web", false],
      ["ß", "ss", false],
      ["İ", "i", false],
    ] as const) {
      assert.equal(equalsFolded(a, foldText(b)), same, `${a} ${b}`);
    }
  });
});
