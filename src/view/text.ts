/**
 * Stage `view`: takes a frozen {@link Snapshot}, what the reader chose (sort, units, size), and gives text. Everything
 * here is pure except `tui/run.ts` and what it opens: `terminal.ts`, `keyboard.ts`, `picture.ts`, `foreground.ts`. It
 * counts no more than running totals and the recent past of a row (`ledger.ts`).
 *
 * This file keeps hostile text harmless and lines straight. Process names, labels, host names and everything read
 * from a saved snapshot were chosen by somebody else.
 */
import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";

const PLAIN = /^[\x20-\x7e]*$/;

/** What a terminal obeys, hides, or reorders by: controls, formats (bidi, zero width), separators, lone surrogates. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Marks piled on one character draw over the lines around it; three are more than any language needs. */
const PILED_MARKS = /(?<=\p{M}{3})\p{M}/gu;

/** Characters that `JSON.stringify` leaves raw though a terminal would not only print them. */
const UNSAFE_IN_JSON = /[\x7f-\x9f\p{Cf}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

const segmenter = new Intl.Segmenter();

/** Makes what is invisible or dangerous on a terminal visible: ESC becomes `\x1b`, U+202E becomes `\u202e`. */
export function formatSafe(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(UNSAFE, formatEscape).replace(PILED_MARKS, formatEscape);
}

function formatEscape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  if (character === "\r") return "\\r";
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\u{${code.toString(16)}}`;
}

/** JSON of `value` on one line in which no character reaches a terminal raw; it parses back to the same value. */
export function stringifySafe(value: unknown): string {
  const json = JSON.stringify(value);
  // JSON's own syntax is ASCII, so what is replaced here can only be inside a string.
  return json.replace(UNSAFE_IN_JSON, (character) => {
    let escaped = "";
    for (let index = 0; index < character.length; index++) {
      escaped += `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
    }
    return escaped;
  });
}

/** Characters of one cell each for certain, which is nearly all that is ever measured. */
const NARROW = /^[\x20-\x7e\xa1-\xac\xae-\u02ff…↑↓]*$/;

/** Terminal cells that safe `text` takes; styling escapes take none. */
export function textWidth(text: string): number {
  const bare = text.includes("\x1b") ? stripVTControlCharacters(text) : text;
  return NARROW.test(bare) ? bare.length : stringWidth(bare);
}

/** Of what is kept of a name: names differ at their beginning and in their last letters, paths more at their end. */
const HEAD_OF_NAME = 0.6;
const HEAD_OF_PATH = 0.35;

/** Shortens `text` to at most `width` cells by taking out what tells least, from its middle: `kube-state…7f9c`. */
export function truncateMiddle(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width <= 0) return "";
  const headWidth = Math.round((width - 1) * (text.includes("/") ? HEAD_OF_PATH : HEAD_OF_NAME));
  const characters = Array.from(segmenter.segment(text), ({ segment }) => segment);
  const head = takeCells(characters, headWidth);
  const tail = takeCells(characters.reverse(), width - 1 - textWidth(head.join(""))).reverse();
  return `${head.join("")}…${tail.join("")}`;
}

/** Shortens `text` to at most `width` cells by cutting its end. */
export function truncateEnd(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width <= 0) return "";
  const characters = Array.from(segmenter.segment(text), ({ segment }) => segment);
  return `${takeCells(characters, width - 1).join("")}…`;
}

function takeCells(characters: readonly string[], width: number): string[] {
  const taken: string[] = [];
  let used = 0;
  for (const character of characters) {
    used += textWidth(character);
    if (used > width) break;
    taken.push(character);
  }
  return taken;
}

export type Align = "left" | "right";

/** `text` in exactly `width` cells: shortened in the middle or padded. */
export function fitText(text: string, width: number, align: Align): string {
  const short = truncateMiddle(text, width);
  const padding = " ".repeat(Math.max(0, width - textWidth(short)));
  return align === "left" ? short + padding : padding + short;
}
