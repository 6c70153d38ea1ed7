import assert from "node:assert/strict";
import { test } from "node:test";
import { showsUnicode, toAscii } from "../../src/view/ascii.ts";
import { formatSafe, textWidth } from "../../src/view/text.ts";
import { HOSTILE_NAMES } from "./fixtures/snapshots.ts";

test("npmon's own signs have a stand-in, names have question marks, and cells stay as many", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["plain 12 B/s", "plain 12 B/s"],
    ["↓SENT/s 27 µs kube-…7f9c", "vSENT/s 27 us kube-~7f9c"],
    ["all › a → b ·▁▂▃▄▅▆▇█", "all > a > b .__--==##"],
    ["\u001b[31m日本\u001b[39m é", "\u001b[31m????\u001b[39m ?"],
  ];
  for (const [text, expected] of cases) assert.equal(toAscii(text), expected);
  for (const name of HOSTILE_NAMES.map(formatSafe)) {
    assert.equal(textWidth(toAscii(name)), textWidth(name), name);
    assert.match(toAscii(name), /^[ -~]*$/);
  }
});

test("a locale that names other characters, or none, decides; the console of Linux has no bars", () => {
  const cases = [
    [{}, true],
    [{ LANG: "en_US.UTF-8" }, true],
    [{ LANG: "C.utf8", TERM: "xterm" }, true],
    [{ LANG: "C" }, false],
    [{ LANG: "de_DE@euro" }, false],
    [{ LANG: "en_US.UTF-8", LC_ALL: "POSIX" }, false],
    [{ LANG: "C", LC_CTYPE: "C.UTF-8" }, true],
    [{ LC_ALL: "", LANG: "en_US.UTF-8" }, true],
    [{ LANG: "en_US.UTF-8", TERM: "linux" }, false],
  ] as const;
  for (const [env, expected] of cases) assert.equal(showsUnicode(env), expected, JSON.stringify(env));
});
