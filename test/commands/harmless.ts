import assert from "node:assert/strict";

/** What a terminal obeys, hides or reorders by. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/u;

/** Nothing in `text` but characters to look at, and ends of lines. */
export function assertHarmless(text: string, lineEnd: "\n" | "\r\n" = "\n"): void {
  const lines = text.split(lineEnd);
  assert.equal(lines.at(-1), "", "the last line is whole");
  for (const line of lines) {
    const found = HARMFUL.exec(line);
    assert.equal(found, null, `U+${found?.[0].codePointAt(0)?.toString(16)} in ${JSON.stringify(line)}`);
  }
}
