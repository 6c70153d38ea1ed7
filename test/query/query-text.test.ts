import assert from "node:assert/strict";
import { describe, it } from "node:test";
import stringWidth from "string-width";
import { QueryText, renderCaret } from "../../src/query/query-text.ts";

describe("QueryText", () => {
  it("counts characters, not UTF-16 units", () => {
    const error = new QueryText("😀😀x", "--filter").misfit(4, "something", "nothing");
    assert.equal(error.message, "--filter, column 3: something; expected nothing");
    assert.equal(error.column, 3);
  });

  it("leaves a question as it is", () => {
    const error = new QueryText("x", "--filter").misfit(0, "something", "did you mean `y`?");
    assert.equal(error.message, "--filter, column 1: something; did you mean `y`?");
  });
});

describe("renderCaret", () => {
  const cases: readonly (readonly [text: string, at: number, shown: string, cell: number])[] = [
    ["servcie:web", 0, "servcie:web", 0],
    ["service:web OR", 14, "service:web OR", 14],
    ["日本 x", 3, "日本 x", 5],
    ["é😀x", 3, "é😀x", 3],
    ["\u001b[2Jx", 4, "\\u{1b}[2Jx", 9],
    ["\u202ex", 1, "\\u{202e}x", 8],
    ["a\nb", 2, "a\\u{a}b", 6],
    ["", 0, "", 0],
  ];
  for (const [text, at, shown, cell] of cases) {
    it(`points into ${JSON.stringify(text)}`, () => {
      assert.deepEqual(renderCaret(text, at), { text: shown, marker: `${" ".repeat(cell)}^` });
    });
  }

  it("shows of a long text what is around the place, within a terminal of 80 columns", () => {
    for (const letter of ["x", "日", "\u001b"]) {
      const text = letter.repeat(65_536);
      for (const at of [0, 5, 30_000, 65_536]) {
        const caret = renderCaret(text, at);
        assert.ok(stringWidth(caret.text) <= 76, `${stringWidth(caret.text)}`);
        assert.ok(stringWidth(caret.marker) <= stringWidth(caret.text) + 1);
        assert.equal(caret.text.startsWith("…"), at > 5);
        assert.equal(caret.text.endsWith("…"), at < 65_536);
      }
    }
  });
});
