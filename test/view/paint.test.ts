import assert from "node:assert/strict";
import { test } from "node:test";
import { colorDepth, createPaint } from "../../src/view/paint.ts";

/** Of the 216 colours of the cube, each channel one of these. */
const LEVELS = [0, 95, 135, 175, 215, 255];

/** Relative luminance as WCAG has it. */
function luminance(color: number): number {
  const place = color - 16;
  const channels = [Math.floor(place / 36), Math.floor(place / 6) % 6, place % 6].map((index) => {
    const share = (LEVELS[index] ?? 0) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const [red = 0, green = 0, blue = 0] = channels;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test("every colour reads on black and on white", () => {
  const paint = createPaint(256);
  const names = Array.from({ length: 200 }, (_, index) => paint.name("x", `service-${index}`));
  const texts = [
    ...names,
    ...[paint.heading, paint.trouble, paint.sent, paint.received, paint.fresh].map((style) => style("x")),
  ];
  const colors = new Set(texts.map((text) => Number(/38;5;(\d+)m/.exec(text)?.[1])));
  assert.ok(colors.size >= 8);
  for (const color of colors) {
    const light = luminance(color);
    assert.ok((light + 0.05) / 0.05 >= 3.7, `${color} on black`);
    assert.ok(1.05 / (light + 0.05) >= 3.7, `${color} on white`);
  }
});

test("a name keeps its colour, and no colours means no escapes", () => {
  const paint = createPaint(256);
  assert.equal(paint.name("checkout  ", "checkout"), paint.name("checkout  ", "checkout"));
  for (const style of Object.values(createPaint(0))) assert.equal(style("x", "x"), "x");
});

test("as many colours are used as the terminal says it has", () => {
  const cases = [
    [false, { TERM: "xterm-256color" }, 0],
    [true, { TERM: "xterm-256color" }, 256],
    [true, { TERM: "xterm", COLORTERM: "truecolor" }, 256],
    [true, { TERM: "screen" }, 16],
    [true, {}, 16],
  ] as const;
  for (const [isWanted, env, depth] of cases) assert.equal(colorDepth(isWanted, env), depth);
});
