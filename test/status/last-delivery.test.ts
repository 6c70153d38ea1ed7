import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { STATUS_FILE } from "../../src/sink/spool/status.ts";
import { readLastDelivery } from "../../src/status/last-delivery.ts";

const CASES: readonly [what: string, text: string, time: string | null][] = [
  [
    "the latest of all destinations",
    '{"destinations":[{"last_delivery":"2026-01-01T00:00:05.000Z"},{"last_delivery":"2026-01-01T00:00:09.000Z"},{"last_delivery":null}]}',
    "2026-01-01T00:00:09.000Z",
  ],
  ["nothing where none was made", '{"destinations":[{"last_delivery":null}]}', null],
  ["nothing from what is cut off", '{"destinations":[', null],
  ["nothing from what is something else", '{"destinations":{"last_delivery":5}}', null],
  ["nothing from a text that is no time", '{"destinations":[{"last_delivery":"\\u001b[2J"}]}', null],
  ["nothing from null", "null", null],
];

for (const [what, text, time] of CASES) {
  test(`the last delivery: ${what}`, () => {
    const spoolDir = mkdtempSync(join(tmpdir(), "npmon-spool-"));
    try {
      writeFileSync(join(spoolDir, STATUS_FILE), text);
      assert.equal(readLastDelivery({ spoolDir } as Parameters<typeof readLastDelivery>[0]), time);
    } finally {
      rmSync(spoolDir, { recursive: true });
    }
  });
}
