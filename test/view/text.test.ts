import assert from "node:assert/strict";
import { test } from "node:test";
import {
  fitText,
  formatSafe,
  stringifySafe,
  textWidth,
  truncateEnd,
  truncateMiddle,
} from "../../src/view/text.ts";
import { HOSTILE_NAMES } from "./fixtures/snapshots.ts";

/** What a terminal might obey or hide, as ranges: written out once more so that the code is not its own judge. */
const RAW: readonly (readonly [number, number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x61c, 0x61c],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xd800, 0xdfff],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xe0000, 0xe0fff],
];

function assertNothingRaw(text: string, of: string): void {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    assert.ok(
      !RAW.some(([from, to]) => code >= from && code <= to),
      `U+${code.toString(16)} is raw in ${of}`,
    );
  }
}

test("formatSafe makes dangerous characters visible and leaves names alone", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["postgres", "postgres"],
    ["", ""],
    ["été/日本-サービス", "été/日本-サービス"],
    ["back\\x2dslash", "back\\x2dslash"],
    ["\u001b[2J", "\\x1b[2J"],
    ["a\nb\rc\td", "a\\nb\\rc\\td"],
    ["\0\u007f\u009b", "\\x00\\x7f\\x9b"],
    ["\u202egnp.exe", "\\u202egnp.exe"],
    ["\u2066a\u2069\u200e\u061c", "\\u2066a\\u2069\\u200e\\u061c"],
    ["a\u200bb\ufeff", "a\\u200bb\\ufeff"],
    ["\u2028\u2029", "\\u2028\\u2029"],
    ["lone \ud800 half", "lone \\ud800 half"],
    ["tag \u{e0041}", "tag \\u{e0041}"],
    ["👍 ok", "👍 ok"],
    ["z\u0301\u0301\u0301\u0301\u0301", "z\u0301\u0301\u0301\\u0301\\u0301"],
  ];
  for (const [text, expected] of cases) assert.equal(formatSafe(text), expected);
});

test("no character of a hostile name is left raw", () => {
  for (let code = 0; code <= 0xffff; code++) {
    assertNothingRaw(formatSafe(String.fromCharCode(code)), `U+${code.toString(16)}`);
  }
  for (const name of HOSTILE_NAMES) assertNothingRaw(formatSafe(name), formatSafe(name));
});

test("stringifySafe leaves nothing raw and parses back to the same value", () => {
  for (let code = 0; code <= 0xffff; code++) {
    const value = { name: String.fromCharCode(code), [`key${String.fromCharCode(code)}`]: 1 };
    const json = stringifySafe(value);
    assertNothingRaw(json, `U+${code.toString(16)}`);
    assert.deepEqual(JSON.parse(json), value);
  }
  const astral = { name: "\u{e0041}👍" };
  assert.equal(stringifySafe(astral), '{"name":"\\udb40\\udc41👍"}');
  assert.deepEqual(JSON.parse(stringifySafe(astral)), astral);
});

test("truncateMiddle keeps what tells most of a name within the width", () => {
  const cases: readonly (readonly [string, number, string])[] = [
    ["kube-state-metrics-7f9c", 10, "kube-…7f9c"],
    ["/usr/lib/jvm/java-17/bin/java", 16, "/usr/…7/bin/java"],
    ["postgres", 8, "postgres"],
    ["postgres", 7, "post…es"],
    ["postgres", 1, "…"],
    ["postgres", 0, ""],
    ["日本語サービス名前", 9, "日本…名前"],
    ["日本語サービス名前", 8, "日本…前"],
    ["e\u0301e\u0301e\u0301e\u0301e\u0301", 3, "e\u0301…e\u0301"],
    ["👍👍👍👍", 5, "👍…👍"],
  ];
  for (const [text, width, expected] of cases) {
    assert.equal(truncateMiddle(text, width), expected);
    assert.ok(textWidth(truncateMiddle(text, width)) <= width);
  }
});

test("truncateEnd cuts by what a terminal shows", () => {
  assert.equal(truncateEnd("日本語", 4), "日…");
  assert.equal(truncateEnd("abc", 3), "abc");
  assert.equal(truncateEnd("abc", 0), "");
});

test("fitText gives exactly the width asked for", () => {
  for (const name of HOSTILE_NAMES) {
    for (let width = 0; width < 40; width++) {
      assert.equal(
        textWidth(fitText(formatSafe(name), width, "left")),
        width,
        `${formatSafe(name)} in ${width}`,
      );
    }
  }
  assert.equal(fitText("7", 3, "right"), "  7");
});

test("textWidth counts cells, not characters", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["abc", 3],
    ["日本", 4],
    ["e\u0301", 1],
    ["👍", 2],
    ["120 µs", 6],
    ["\u001b[1mbold\u001b[22m", 4],
    ["สวัสดี", 4],
  ];
  for (const [text, width] of cases) assert.equal(textWidth(text), width, text);
});
