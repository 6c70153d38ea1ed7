/** The word at the cursor, as it stands on the line and as the command would get it. */
export interface CurrentWord {
  /** Without quotes and backslashes. */
  readonly text: string;
  /** As it was typed, up to the cursor. */
  readonly raw: string;
  /** The quote that is open at the cursor, and what it was opened with in `raw`. */
  readonly quote: OpenQuote | null;
}

export interface OpenQuote {
  readonly mark: '"' | "'";
  /** Where in `raw` what it holds begins. */
  readonly from: number;
}

export interface ShellLine {
  /** The words before the one at the cursor, as the command would get them. */
  readonly words: readonly string[];
  readonly current: CurrentWord;
}

/** In double quotes a backslash is one before these only. */
const ESCAPED_IN_DOUBLE = '"\\$`';

/**
 * Splits the line of one command as shells do: quotes, backslashes, spaces. What a shell would put in the place of `$x`
 * or `*` is left as it stands.
 *
 * @param line - up to the cursor
 */
export function splitShellLine(line: string): ShellLine {
  const words: string[] = [];
  let text = "";
  let start = 0;
  let begun = false;
  let quote: OpenQuote | null = null;
  for (let at = 0; at < line.length; at++) {
    const unit = line[at] ?? "";
    if (quote !== null) {
      if (unit === quote.mark) quote = null;
      else if (quote.mark === '"' && unit === "\\" && ESCAPED_IN_DOUBLE.includes(line[at + 1] ?? " ")) {
        text += line[++at] ?? "";
      } else text += unit;
    } else if (/\s/.test(unit)) {
      if (begun) words.push(text);
      text = "";
      begun = false;
      start = at + 1;
    } else {
      begun = true;
      if (unit === '"' || unit === "'") quote = { mark: unit, from: at + 1 - start };
      else if (unit === "\\") text += line[++at] ?? "";
      else text += unit;
    }
  }
  return { words, current: { text, raw: line.slice(start), quote } };
}

/**
 * What bash is to put in the place of the part that it completes: readline looks only at what stands behind an open
 * quote or behind the last of its break characters, and takes what it gets as it is.
 *
 * @param candidate - the whole word, as the command would get it
 * @param breaks - `COMP_WORDBREAKS`
 */
export function bashReply(current: CurrentWord, candidate: string, breaks: string): string {
  const { raw, quote } = current;
  const kept = raw.slice(0, quote?.from ?? lastBreak(raw, breaks));
  const rest = candidate.slice(splitShellLine(kept).current.text.length);
  if (quote === null) return rest.replaceAll(/[^\w./:@%+,=-]/gu, "\\$&");
  return quote.mark === "'" ? rest.replaceAll("'", "'\\''") : rest.replaceAll(/["\\$`]/g, "\\$&");
}

/** Where what readline completes begins: behind the last break character that is not quoted. */
function lastBreak(raw: string, breaks: string): number {
  let found = 0;
  let quote = "";
  for (let at = 0; at < raw.length; at++) {
    const unit = raw[at] ?? "";
    if (unit === "\\" && quote !== "'") at++;
    else if (quote !== "") {
      if (unit === quote) quote = "";
    } else if (unit === '"' || unit === "'") quote = unit;
    else if (breaks.includes(unit)) found = at + 1;
  }
  return found;
}
