import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";

/**
 * Holds `actual` against the file `golden/<name>.txt`. Run the tests with `UPDATE_GOLDEN=1` to write the files, then
 * read what changed before committing it.
 */
export function assertGolden(name: string, actual: string): void {
  const file = new URL(`./golden/${name}.txt`, import.meta.url);
  if (process.env.UPDATE_GOLDEN === "1") writeFileSync(file, actual);
  assert.equal(actual, readFileSync(file, "utf8"), `differs from golden/${name}.txt`);
}
