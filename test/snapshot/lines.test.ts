import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { countLines } from "../../src/snapshot/lines.ts";

test("lines are counted as they are read: without the empty ones, with one that has no end", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "npmon-lines-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "file");
  const cases: readonly (readonly [string, number])[] = [
    ["", 0],
    ["a", 1],
    ["a\n", 1],
    ["a\nb", 2],
    ["\n\na\n\n\nb\n", 2],
    [`${"x".repeat(3_000_000)}\n${"y".repeat(2_000_000)}\n\n`, 2],
  ];
  for (const [text, count] of cases) {
    writeFileSync(path, text);
    assert.equal(await countLines(path), count, JSON.stringify(text.slice(0, 20)));
  }
  assert.equal(await countLines("-"), null);
  assert.equal(await countLines(folder), null);
  assert.equal(await countLines(join(folder, "missing")), null);
});
