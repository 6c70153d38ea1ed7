import { createPaint } from "./paint.ts";
import { fitText, formatSafe, textWidth } from "./text.ts";

/** One thing that was looked at. */
export interface StatusLine {
  readonly name: string;
  readonly state: "ok" | "limited" | "failing";
  readonly value: string;
  readonly details: readonly string[];
  /** What mends it; empty when nothing is to be mended. */
  readonly remedy: string;
}

/** A sign for the eye, a word for whoever cannot tell the sign; ASCII, for consoles that know no more. */
const STATES = { ok: "+ ok", limited: "! limited", failing: "x failing" } as const;
const STATE_WIDTH = 9;
const GAP = "  ";
const MIN_VALUE_WIDTH = 30;

export interface StatusListOptions {
  /** Terminal cells; infinite for lines that are never broken. */
  readonly width: number;
  readonly color: 0 | 16 | 256;
}

/** A table to read. Long values and remedies go on below themselves. */
export function renderStatusList(lines: readonly StatusLine[], { width, color }: StatusListOptions): string {
  const paint = createPaint(color);
  const nameWidth = Math.max(...lines.map(({ name }) => textWidth(formatSafe(name))));
  const left = STATE_WIDTH + nameWidth + 2 * GAP.length;
  const room = Math.max(MIN_VALUE_WIDTH, width - left);
  const indent = " ".repeat(left);
  const rows = lines.flatMap(({ name, state, value, details, remedy }) => {
    const [first = "", ...more] = wrap(formatSafe(value), room);
    const word = STATES[state].padEnd(STATE_WIDTH);
    const sign = state === "ok" ? word : state === "limited" ? paint.title(word) : paint.trouble(word);
    const head = `${sign}${GAP}${fitText(formatSafe(name), nameWidth, "left")}${GAP}${first}`;
    const below = details.flatMap((detail) => hang("- ", formatSafe(detail), room));
    const mend = remedy === "" ? [] : hang("> ", formatSafe(remedy), room);
    return [head, ...[...more, ...below, ...mend].map((text) => `${indent}${text}`)];
  });
  return rows.map((row) => `${row.trimEnd()}\n`).join("");
}

function hang(mark: string, text: string, room: number): string[] {
  return wrap(text, room - mark.length).map((line, index) => `${index === 0 ? mark : "  "}${line}`);
}

/** Breaks safe text between words; a word longer than a line stays whole, so that it can be copied. */
function wrap(text: string, room: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && textWidth(line) + 1 + textWidth(word) > room) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
