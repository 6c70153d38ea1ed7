import assert from "node:assert/strict";
import { test } from "node:test";
import { parseVerdicts, type Verdict } from "./verdict.ts";

const WHOLE = "npmon-verdict 7 4 3\nout\nerrnpmon-verdict-end\n";

function parseVerdict(sent: Buffer): Verdict | null {
  return parseVerdicts(sent, 1)?.[0] ?? null;
}

test("a verdict gives back the status and both outputs", () => {
  assert.deepEqual(parseVerdict(Buffer.from(WHOLE)), {
    status: 7,
    stdout: Buffer.from("out\n"),
    stderr: Buffer.from("err"),
  });
});

test("an output may look like a verdict", () => {
  const inner = Buffer.from(WHOLE);
  const sent = Buffer.concat([
    Buffer.from(`npmon-verdict 0 ${inner.length} 0\n`),
    inner,
    Buffer.from("npmon-verdict-end\n"),
  ]);
  assert.deepEqual(parseVerdict(sent)?.stdout, inner);
});

test("a verdict that is cut off anywhere, damaged or followed by more is none", () => {
  for (let length = 0; length < WHOLE.length; length++) {
    assert.equal(parseVerdict(Buffer.from(WHOLE.slice(0, length))), null, `after ${length} bytes`);
  }
  for (const sent of [`${WHOLE}x`, WHOLE.replace(" 4 ", " 5 "), WHOLE.replace("7", "seven")]) {
    assert.equal(parseVerdict(Buffer.from(sent)), null, sent);
  }
});

test("of several verdicts all are there, or none", () => {
  const second = "npmon-verdict 0 0 2\nnonpmon-verdict-end\n";
  const verdicts = parseVerdicts(Buffer.from(WHOLE + second), 2);
  assert.deepEqual(
    verdicts?.map(({ status, stdout, stderr }) => [status, String(stdout), String(stderr)]),
    [
      [7, "out\n", "err"],
      [0, "", "no"],
    ],
  );
  for (const [sent, count] of [
    [WHOLE, 2],
    [WHOLE + second, 1],
    [(WHOLE + second).slice(0, -1), 2],
  ] as const) {
    assert.equal(parseVerdicts(Buffer.from(sent), count), null);
  }
});
