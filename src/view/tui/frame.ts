import { textWidth } from "../text.ts";
import type { Screen } from "./screen.ts";
import type { Size } from "./state.ts";

/** Terminals that know DEC mode 2026 show what is between these at once; the others ignore them. */
const BEGIN = "\x1b[?2026h";
const END = "\x1b[?2026l";

const SHOW_CURSOR = "\x1b[?25h";
const HIDE_CURSOR = "\x1b[?25l";

/**
 * What to write to turn the screen showing `before` into one showing `after`: only the lines that changed, each at its
 * place, so nothing scrolls and nothing flickers. `before` is `null` when it is not known what the terminal shows.
 */
export function encodeFrame(before: Screen | null, after: Screen, size: Size): string {
  let written = before === null ? "\x1b[0m\x1b[2J" : "";
  for (let row = 0; row < size.rows; row++) {
    const line = after.lines[row] ?? "";
    if (line === (before?.lines[row] ?? "")) continue;
    // Erasing after a full line would take its last character, where the cursor stays.
    const erase = textWidth(line) < size.columns ? "\x1b[K" : "";
    written += `\x1b[${row + 1};1H${line}\x1b[0m${erase}`;
  }
  written += encodeCursor(before, after, written !== "");
  return written === "" ? "" : BEGIN + written + END;
}

function encodeCursor(before: Screen | null, { cursor }: Screen, isMoved: boolean): string {
  const wasShown = before !== null && before.cursor !== null;
  if (cursor === null) return wasShown ? HIDE_CURSOR : "";
  const isThere = !isMoved && before?.cursor?.column === cursor.column && before.cursor.row === cursor.row;
  return isThere ? "" : `\x1b[${cursor.row + 1};${cursor.column + 1}H${SHOW_CURSOR}`;
}
