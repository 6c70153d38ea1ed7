import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type KeyPath, parseYaml } from "../../src/config/document.ts";

const lines = (...text: readonly string[]) => text.join("\n");

/** Nine of nine of nine …: 9^10 in less than 500 bytes. */
const BOMB = lines(
  "a: &a [x, x, x, x, x, x, x, x, x]",
  ..."bcdefghij"
    .split("")
    .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefghij"[index]}`).join(", ")}]`),
);

const CASES: readonly (readonly [what: string, text: string, line: number, column: number, says: RegExp])[] =
  [
    ["text that is no YAML", lines("a: 1", "b: [1, 2"), 2, 9, /^this is not YAML: .*\]/],
    ["a tab that indents", lines("a:", "\tb: 1"), 2, 1, /^this is not YAML: Tabs are not allowed/],
    ["a star without quotes", "a:\n  *: [1]", 2, 6, /^this is not YAML/],
    ["a list", "- a", 1, 1, /^found no map, expected keys/],
    ["a text", "hello", 1, 1, /^found no map/],
    [
      "a key that comes twice",
      lines("a: 1", "b: 2", "a: 3"),
      3,
      1,
      /^the key "a" is there a second time; the first is in line 1$/,
    ],
    ["a key that comes twice, far down", "a: {b: [{c: 1, c: 2}]}", 1, 16, /"c"/],
    ["a key that comes twice, once as a number", lines("80: a", '"80": b'), 2, 1, /"80"/],
    ["a second document", lines("a: 1", "---", "b: 2"), 2, 1, /^a second document begins/],
    ["a tag that nobody knows", "a: !evil 1", 1, 4, /!evil/],
    ["an alias of nothing", "a: *b", 1, 4, /^no &b stands before the alias \*b$/],
    ["an alias of what comes later", "a: *b\nb: &b 1", 1, 4, /^no &b stands before/],
    ["an alias of itself", "a: &a [1, *a]", 1, 11, /^the alias \*a is a part of what it repeats$/],
    ["a merge of itself", lines("a: &a", "  <<: *a"), 2, 7, /^the alias \*a is a part/],
    ["aliases that explode", BOMB, 2, 8, /^aliases that multiply/],
    ["lists 5,000 deep", "[".repeat(5000) + "]".repeat(5000), 1, 102, /^more than 100 levels deep$/],
    ["lists 50,000 deep that never end", "[".repeat(50_000), 1, 102, /^more than 100 levels deep$/],
    ["list items 5,000 deep", `${"- ".repeat(5000)}a`, 1, 203, /^more than 100 levels deep$/],
    ["keys 5,000 deep", "? ".repeat(5000), 1, 203, /^more than 100 levels deep$/],
  ];

describe("what is no configuration is refused with its place", () => {
  for (const [what, text, line, column, says] of CASES) {
    test(what, () => {
      const problems = parseYaml(text, "x.yaml");
      assert.ok(!("value" in problems));
      assert.deepEqual(problems[0]?.origin, { kind: "file", file: "x.yaml", line, column });
      assert.match(problems[0]?.message ?? "", says);
    });
  }
});

for (const [what, text] of [
  ["an empty file", ""],
  ["a file of comments", "# nothing\n\n"],
  ["a byte order mark alone", "\ufeff"],
  ["the word null", "null"],
  ["nothing but tabs", "\t\t\n\t"],
] as const) {
  test(`${what} says nothing`, () => {
    const file = parseYaml(text, "x.yaml");
    assert.deepEqual("value" in file && file.value, {});
  });
}

const TEXT = lines(
  "base: &base {x: 1, y: [2, 3]}",
  "a:",
  "  <<: *base",
  '  "b": 4',
  "empty:",
  "list: [{c: 5}, *base]",
  "80: six",
);

const PLACES: readonly (readonly [path: KeyPath, of: "key" | "value", line: number, column: number])[] = [
  [["base"], "key", 1, 1],
  [["base", "y", 1], "value", 1, 27],
  [["a", "b"], "value", 4, 8],
  [["a", "b"], "key", 4, 3],
  [["a", "x"], "value", 1, 17],
  [["a", "y", 0], "value", 1, 24],
  [["a", "nothing"], "value", 3, 3],
  [["empty"], "value", 5, 1],
  [["list", 0, "c"], "value", 6, 12],
  [["list", 1, "x"], "value", 1, 17],
  [["list", 7], "value", 6, 7],
  [["80"], "value", 7, 5],
  [[], "value", 1, 1],
];

describe("a value's place is told, also through aliases and merges", () => {
  const file = parseYaml(TEXT, "x.yaml");
  assert.ok("value" in file);
  for (const [path, of, line, column] of PLACES) {
    test(`the ${of} of ${path.join(".") || "everything"}`, () => {
      assert.deepEqual(file.origin(path, of), { kind: "file", file: "x.yaml", line, column });
    });
  }
});

test("merges and the names of objects in JavaScript are values like any other", () => {
  const file = parseYaml(
    lines("a: &a {x: 1}", "b: {<<: *a, y: 2}", "__proto__: {z: 3}", "constructor: 4"),
    "x.yaml",
  );
  assert.ok("value" in file);
  assert.deepEqual(Object.keys(file.value), ["a", "b", "__proto__", "constructor"]);
  assert.deepEqual({ ...(file.value.b as object) }, { x: 1, y: 2 });
  assert.equal(({} as { z?: number }).z, undefined);
});

test("no text makes it throw, and every problem has a place in the text", () => {
  const piece = fc.constantFrom(
    ..."abc: -?[]{},#&*!|>'\"%@`\n\t\\0",
    "<<: ",
    "&a ",
    "*a",
    "!!x ",
    "---\n",
    "\ufeff",
    "\u0007",
    "\ud800",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const text = pieces.join("");
      const file = parseYaml(text, "x.yaml");
      if ("value" in file) return;
      const count = text.split("\n").length;
      for (const { origin } of file) {
        assert.ok(origin.kind === "file" && origin.line >= 1 && origin.line <= count && origin.column >= 1);
      }
    }),
    { numRuns: 2000 },
  );
});
