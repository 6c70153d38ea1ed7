const MAX_QUOTED_CHARACTERS = 40;

/** What a terminal obeys, hides or reorders by, and lone surrogates. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const UNSAFE_OR_QUOTE = /["\\\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Marks piled on one character draw over the lines around it; three are more than any language needs. */
const PILED_MARKS = /(?<=\p{M}{3})\p{M}/gu;

/**
 * Text of unknown origin, quoted for use inside a one-line message: shortened, and everything that would break the
 * line, move the cursor or turn the writing direction is written as an escape.
 */
export function quoteInput(text: string): string {
  const characters = [...text.slice(0, 4 * MAX_QUOTED_CHARACTERS)];
  const cut = characters.length > MAX_QUOTED_CHARACTERS;
  return quoteText(cut ? `${characters.slice(0, MAX_QUOTED_CHARACTERS - 1).join("")}…` : text);
}

/** As {@link quoteInput}, without the quotes: for a part of an example that could be typed. */
export function echoInput(text: string): string {
  return quoteInput(text).slice(1, -1);
}

/** The whole text between quotes, as a filter can be typed and {@link readEscape} reads it. */
export function quoteText(text: string): string {
  return `"${text.replace(UNSAFE_OR_QUOTE, escapeCharacter).replace(PILED_MARKS, escapeCharacter)}"`;
}

/** What is unsafe on a terminal made visible. */
export function escapeUnsafe(text: string): string {
  return text.replace(UNSAFE, escapeCharacter).replace(PILED_MARKS, escapeCharacter);
}

/** Whether a terminal prints every character of it, as it is. */
export function isSafe(text: string): boolean {
  return text.search(UNSAFE) < 0 && text.search(PILED_MARKS) < 0;
}

function escapeCharacter(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  "\\": "\\",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** In the forms in which npmon's own screens, errors and JSON write what is unsafe. */
const NUMBERED_ESCAPE = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|u\{([0-9a-f]{1,6})\})/iy;

/**
 * Reads the escape whose backslash stands at `at`.
 * @returns the character and where the text goes on; `null` when it is no escape
 */
export function readEscape(text: string, at: number): { character: string; end: number } | null {
  const named = NAMED_ESCAPES[text[at + 1] ?? ""];
  if (named !== undefined) return { character: named, end: at + 2 };
  NUMBERED_ESCAPE.lastIndex = at;
  const match = NUMBERED_ESCAPE.exec(text);
  if (match === null) return null;
  const code = Number.parseInt(match[1] ?? match[2] ?? match[3] ?? "", 16);
  if (code > 0x10ffff) return null;
  return { character: String.fromCodePoint(code), end: at + match[0].length };
}
