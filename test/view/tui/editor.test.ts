import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addToHistory,
  createEditor,
  type Editor,
  editLine,
  insertText,
} from "../../../src/view/tui/editor.ts";

function edit(editor: Editor, ...keys: readonly string[]): Editor {
  return keys.reduce((current, key) => editLine(current, key) ?? current, editor);
}

test("a line is edited as in a shell", () => {
  const cases: readonly (readonly [readonly string[], string, number])[] = [
    [["x"], "one twox", 8],
    [["left", "left", "x"], "one txwo", 6],
    [["home", "x", "right", "y"], "xoyne two", 3],
    [["backspace"], "one tw", 6],
    [["home", "delete", "ctrl-d"], "e two", 0],
    [["ctrl-w"], "one ", 4],
    [["ctrl-w", "ctrl-w"], "", 0],
    [["ctrl-a", "right", "ctrl-k"], "o", 1],
    [["left", "ctrl-u"], "o", 0],
    [["space", "ü", "日"], "one two ü日", 10],
    [["pageup", "escape", "f5"], "one two", 7],
    [["home", "backspace", "left"], "one two", 0],
    [["end", "delete", "right"], "one two", 7],
  ];
  for (const [keys, text, cursor] of cases) {
    const { text: actual, cursor: actualCursor } = edit(createEditor("one two"), ...keys);
    assert.deepEqual([actual, actualCursor], [text, cursor], keys.join(" "));
  }
});

test("a letter and its marks are one character", () => {
  const editor = insertText(createEditor(""), "ae\u0301z");
  assert.equal(editor.cursor, 3);
  assert.equal(edit(editor, "left", "backspace").text, "az");
});

test("the history goes up and down and keeps the line that was begun", () => {
  const editor = edit(createEditor("", ["one", "two"]), "n", "e", "w");
  assert.deepEqual(
    [["up"], ["up", "up"], ["up", "up", "up"], ["up", "down"], ["down"]].map(
      (keys) => edit(editor, ...keys).text,
    ),
    ["two", "one", "one", "new", "new"],
  );
  assert.equal(edit(editor, "up", "s", "up").text, "two", "an old line that was changed is a new one");
});

test("a line is kept once, the newest last, and not too many of them", () => {
  assert.deepEqual(addToHistory(["a", "b"], "a"), ["b", "a"]);
  assert.deepEqual(addToHistory(["a"], "  "), ["a"]);
  const many = Array.from({ length: 300 }, (_, index) => String(index)).reduce(
    addToHistory,
    [] as readonly string[],
  );
  assert.deepEqual([many.length, many.at(-1)], [100, "299"]);
});

test("what a terminal would obey is put in as text, and a paste has an end", () => {
  assert.equal(insertText(createEditor(""), "\u001b[2J\u202e").text, "\\x1b[2J\\u202e");
  assert.equal(insertText(createEditor(""), "x".repeat(100_000)).text.length, 2000);
});
