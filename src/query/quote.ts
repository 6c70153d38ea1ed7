const MAX_QUOTED_CHARACTERS = 40;

/**
 * Text of unknown origin, quoted for use inside a one-line message: shortened, and everything that would break the
 * line, move the cursor or turn the writing direction is written as an escape.
 */
export function quoteInput(text: string): string {
  const characters = [...text.slice(0, 4 * MAX_QUOTED_CHARACTERS)];
  const cut = characters.length > MAX_QUOTED_CHARACTERS;
  const shown = cut ? `${characters.slice(0, MAX_QUOTED_CHARACTERS - 1).join("")}…` : text;
  const escaped = shown.replaceAll(/["\\]|[^\P{C}]|[\p{Zl}\p{Zp}]/gu, escapeCharacter);
  return `"${escaped}"`;
}

function escapeCharacter(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
