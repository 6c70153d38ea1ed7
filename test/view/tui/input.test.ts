import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeInput, type Input } from "../../../src/view/tui/input.ts";

const ESC = "\u001b";

function key(name: string): Input {
  return { type: "key", key: name };
}

function mouse(button: "left" | "wheel-up" | "wheel-down", column: number, row: number): Input {
  return { type: "mouse", button, column, row };
}

test("what terminals send has one name each", () => {
  const cases: readonly (readonly [string, readonly Input[]])[] = [
    ["q", [key("q")]],
    ["G", [key("G")]],
    ["ü日", [key("ü"), key("日")]],
    [" \t\r\u007f", [key("space"), key("tab"), key("enter"), key("backspace")]],
    ["\u0003\u001a", [key("ctrl-c"), key("ctrl-z")]],
    [`${ESC}[A${ESC}[B${ESC}OC${ESC}OD`, [key("up"), key("down"), key("right"), key("left")]],
    [`${ESC}[H${ESC}[1~${ESC}[7~${ESC}OH`, [key("home"), key("home"), key("home"), key("home")]],
    [`${ESC}[F${ESC}[4~${ESC}[8~`, [key("end"), key("end"), key("end")]],
    [
      `${ESC}[5~${ESC}[6~${ESC}[3~${ESC}[Z`,
      [key("pageup"), key("pagedown"), key("delete"), key("shift-tab")],
    ],
    [`${ESC}[1;5A`, [key("up")]],
    [`${ESC}[<0;1;1M${ESC}[<0;1;1m`, [mouse("left", 0, 0)]],
    [`${ESC}[<64;300;120M${ESC}[<69;3;4M`, [mouse("wheel-up", 299, 119), mouse("wheel-down", 2, 3)]],
    [`${ESC}[<2;3;4M${ESC}[<35;3;4M`, []],
    [`${ESC}[M !"${ESC}[M#!"j`, [mouse("left", 0, 1), key("j")]],
    [`${ESC}OMq`, [key("enter"), key("q")]],
    [`${ESC}[200~a\nq${ESC}[201~j`, [{ type: "paste", text: "a\nq" }, key("j")]],
    // Alt with a letter, a function key, and answers to questions nobody asked are no keys of ours.
    [`${ESC}q${ESC}[15~${ESC}[?1;2c${ESC}[24;80R`, []],
    // Esc, then a key that is no character, quickly after one another.
    [`${ESC}\t`, [key("escape"), key("tab")]],
  ];
  for (const [sent, expected] of cases) {
    assert.deepEqual(decodeInput(sent), { inputs: expected, rest: "" }, JSON.stringify(sent));
  }
});

test("what is cut in two is put together again, wherever it is cut", () => {
  const sent = `j${ESC}[A${ESC}[<64;3;4M${ESC}[200~text${ESC}[201~${ESC}OBq`;
  const whole = decodeInput(sent).inputs;
  for (let cut = 1; cut < sent.length; cut++) {
    const first = decodeInput(sent.slice(0, cut));
    const second = decodeInput(first.rest + sent.slice(cut));
    assert.deepEqual([...first.inputs, ...second.inputs], whole, `cut at ${cut}`);
  }
});

test("a lone ESC is a key once nothing more comes", () => {
  assert.deepEqual(decodeInput(ESC), { inputs: [], rest: ESC });
  assert.deepEqual(decodeInput(ESC, true), { inputs: [key("escape")], rest: "" });
  assert.deepEqual(decodeInput(`${ESC}${ESC}`, true).inputs, [key("escape"), key("escape")]);
});

test("nonsense of any length is bounded and ends", () => {
  const endless = [`${ESC}[${"1;".repeat(500)}`, `${ESC}[200~${"x".repeat(200_000)}`, ESC.repeat(1000)];
  for (const sent of endless) assert.ok(decodeInput(sent).rest.length <= 100_000);
  assert.deepEqual(decodeInput(`${ESC}[${"1".repeat(200)}`, true).rest, "");
});
