import { textWidth } from "./text.ts";

/** What stands for npmon's own signs where a terminal has ASCII alone. */
const SIGNS: Readonly<Record<string, string>> = {
  "…": "~",
  µ: "u",
  "↓": "v",
  "↑": "^",
  "→": ">",
  "›": ">",
  "·": ".",
  "─": "-",
  "┤": "|",
  "│": "|",
  "┼": "+",
  "└": "+",
  "▁": "_",
  "▂": "_",
  "▃": "-",
  "▄": "-",
  "▅": "=",
  "▆": "=",
  "▇": "#",
  "█": "#",
};

const segmenter = new Intl.Segmenter();

/** The text in ASCII, in as many cells: npmon's own signs by others, what is in names by question marks. */
export function toAscii(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes for colours stay as they are
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  let ascii = "";
  for (const { segment } of segmenter.segment(text)) {
    const isPlain = segment.charCodeAt(0) < 0x80 && segment.length === 1;
    ascii += isPlain ? segment : (SIGNS[segment] ?? "?".repeat(Math.max(1, textWidth(segment))));
  }
  return ascii;
}

/**
 * Whether the terminal shows UTF-8: the locale says so, or says nothing of characters and it is not the console of
 * Linux, whose font lacks the bars.
 */
export function showsUnicode(env: Readonly<Record<string, string | undefined>>): boolean {
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) => value !== undefined && value !== "");
  if (env.TERM === "linux") return false;
  return locale === undefined || /utf-?8/i.test(locale);
}
