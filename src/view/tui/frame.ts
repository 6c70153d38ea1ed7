import { textWidth } from "../text.ts";
import type { Size } from "./geometry.ts";

/** Terminals that know DEC mode 2026 show what is between these at once; the others ignore them. */
const BEGIN = "\x1b[?2026h";
const END = "\x1b[?2026l";

/**
 * What to write to turn the screen showing `before` into one showing `after`: only the lines that changed, each at its
 * place, so nothing scrolls and nothing flickers. `before` is `null` when it is not known what the terminal shows.
 */
export function encodeFrame(before: readonly string[] | null, after: readonly string[], size: Size): string {
  let written = before === null ? "\x1b[0m\x1b[2J" : "";
  for (let row = 0; row < size.rows; row++) {
    const line = after[row] ?? "";
    if (line === (before?.[row] ?? "")) continue;
    // Erasing after a full line would take its last character, where the cursor stays.
    const erase = textWidth(line) < size.columns ? "\x1b[K" : "";
    written += `\x1b[${row + 1};1H${line}\x1b[0m${erase}`;
  }
  return written === "" ? "" : BEGIN + written + END;
}
