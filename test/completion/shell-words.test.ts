import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bashReply, splitShellLine } from "../../src/completion/shell-words.ts";

const LINES: readonly (readonly [line: string, words: readonly string[], current: string])[] = [
  ["", [], ""],
  ["npmon", [], "npmon"],
  ["npmon ", ["npmon"], ""],
  ["npmon  top\t-f ", ["npmon", "top", "-f"], ""],
  ["npmon -f 'a b", ["npmon", "-f"], "a b"],
  ["npmon -f 'a b' ", ["npmon", "-f", "a b"], ""],
  ["npmon -f a\\ b", ["npmon", "-f"], "a b"],
  ['npmon -f "a \\"b\\" \\n', ["npmon", "-f"], 'a "b" \\n'],
  ["npmon -f ser'vice:'\"web", ["npmon", "-f"], "service:web"],
  ["npmon '' x", ["npmon", ""], "x"],
  ["npmon x\\", ["npmon"], "x"],
];

describe("splitShellLine", () => {
  for (const [line, words, current] of LINES) {
    it(`splits ${JSON.stringify(line)}`, () => {
      const split = splitShellLine(line);
      assert.deepEqual(split.words, words);
      assert.equal(split.current.text, current);
    });
  }

  it("splits as bash does", () => {
    const part = fc.constantFrom("a", "b", " ", "'x y'", '"x y"', "\\ ", '\\"', "''", '"\\\\"', '"\\$"', "é");
    const lines = fc.sample(
      fc.array(part, { maxLength: 12 }).map((parts) => parts.join("")),
      100,
    );
    const script = lines.map((line) => `printf '%s\\0' ${line}; printf '\\1'`).join("\n");
    const printed = execFileSync("bash", ["-c", script], { encoding: "utf8" }).split("\u0001").slice(0, -1);
    lines.forEach((line, index) => {
      // printf prints an empty line where it is given nothing
      const bash = printed[index]?.split("\0").slice(0, -1) ?? [];
      const ours = splitShellLine(`${line} `).words;
      assert.deepEqual(ours.length === 0 ? [""] : ours, bash, line);
    });
  });
});

const BREAKS = " \t\n\"'><=;|&(:";

const REPLIES: readonly (readonly [line: string, candidate: string, reply: string])[] = [
  ["npmon to", "top", "top"],
  ["npmon -f service:w", "service:web", "web"],
  ["npmon -f service:w", "service:web server", "web\\ server"],
  ["npmon -f service:", 'service:"a b"', '\\"a\\ b\\"'],
  ["npmon -f 'service:w", 'service:"web server"', 'service:"web server"'],
  ["npmon -f 'service:w", "service:it's", "service:it'\\''s"],
  ['npmon -f "service:w', 'service:"$(x)`y`"', 'service:\\"\\$(x)\\`y\\`\\"'],
  ["npmon -f ser'vice:w", "service:web", "vice:web"],
  ["npmon -f rtt:\\>1", "rtt:>10ms", "\\>10ms"],
  ["npmon --group-by=cli", "--group-by=client.ip", "client.ip"],
  ["npmon -f service:", "service:$(reboot)", "\\$\\(reboot\\)"],
];

describe("bashReply", () => {
  for (const [line, candidate, reply] of REPLIES) {
    it(`gives ${reply} for ${candidate} behind ${line}`, () => {
      assert.equal(bashReply(splitShellLine(line).current, candidate, BREAKS), reply);
    });
  }

  it("gives what bash reads as the candidate again, whatever is in it", () => {
    const text = fc.string({
      unit: fc.constantFrom(..."ab'\"\\$`!*?()[]{}<>|&;# ~=:é\u{1f600}"),
      maxLength: 10,
    });
    const asked = fc.sample(fc.tuple(fc.constantFrom("", "'", '"'), text), 200);
    const words = asked.map(([mark, candidate]) => {
      const line = `npmon -f ${mark}`;
      return `${mark}${bashReply(splitShellLine(line).current, `service:${candidate}`, BREAKS)}${mark}`;
    });
    const script = `set +H\n${words.map((word) => `printf '%s\\0' ${word}`).join("\n")}`;
    const printed = execFileSync("bash", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
    assert.deepEqual(
      printed,
      asked.map(([, candidate]) => `service:${candidate}`),
    );
  });
});
