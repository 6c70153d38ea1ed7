import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { renderStatusList } from "../../src/view/status-list.ts";

const LINES = [
  { name: "kernel", state: "ok", value: "Linux", details: [], remedy: "" },
  {
    name: "engine",
    state: "limited",
    value: "a".repeat(20),
    details: ["one\u001b[2J"],
    remedy: "do this and then that",
  },
  { name: "\u202eevil", state: "failing", value: "no\nway", details: [], remedy: "`rm`" },
] as const;

test("states are words and signs, long text goes on below itself, hostile text is made visible", () => {
  assert.equal(
    renderStatusList(LINES, { width: 20, color: 0 }),
    [
      "+ ok       kernel      Linux",
      `! limited  engine      ${"a".repeat(20)}`,
      "                       - one\\x1b[2J",
      "                       > do this and then that",
      "x failing  \\u202eevil  no\\nway",
      "                       > `rm`",
      "",
    ].join("\n"),
  );
});

test("colours only colour: without them it is the same text", () => {
  const plain = renderStatusList(LINES, { width: 80, color: 0 });
  const colored = renderStatusList(LINES, { width: 80, color: 256 });
  assert.notEqual(colored, plain);
  assert.equal(stripVTControlCharacters(colored), plain);
});

test("a line is broken between words when it is too long for the terminal", () => {
  const [line] = LINES;
  const text = renderStatusList([{ ...line, value: "word ".repeat(20).trim() }], { width: 60, color: 0 });
  for (const row of text.trimEnd().split("\n")) assert.ok(row.length <= 60, row);
  assert.equal(text.match(/word/g)?.length, 20);
});
