import assert from "node:assert/strict";
import { test } from "node:test";
import { parseVerdict } from "./verdict.ts";

const WHOLE = "npmon-verdict 7 4 3\nout\nerrnpmon-verdict-end\n";

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
