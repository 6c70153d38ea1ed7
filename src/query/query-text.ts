import stringWidth from "string-width";
import { NpmonError } from "../error/error.ts";
import { escapeUnsafe } from "./quote.ts";

/** Two lines for a terminal, to be printed one under the other: a part of the text made safe, and a ^ under the place. */
export interface Caret {
  readonly text: string;
  readonly marker: string;
}

/** Text that makes no sense as a question. `message` is one printable line that names place and column. */
export class QueryError extends NpmonError {
  /** Counted in characters from 1; one more than there are when something is missing at the end. */
  readonly column: number;
  readonly caret: Caret;

  constructor(message: string, remedy: string, column: number, caret: Caret) {
    super("usage", message, remedy);
    this.column = column;
    this.caret = caret;
  }
}

/** A typed text, and how to point into it. */
export class QueryText {
  readonly text: string;
  readonly #place: string;

  /** @param place - as it begins messages: `--filter`, `system-probe.yaml line 12` */
  constructor(text: string, place: string) {
    this.text = text;
    this.#place = place;
  }

  /**
   * @param at - where, in UTF-16 units from 0
   * @param fitting - what would fit there, or a question
   */
  misfit(at: number, found: string, fitting: string, remedy = ""): QueryError {
    const hint = fitting.endsWith("?") ? fitting : `expected ${fitting}`;
    const column = countCharacters(this.text.slice(0, at)) + 1;
    const message = `${this.#place}, column ${column}: ${found}; ${hint}`;
    return new QueryError(message, remedy, column, renderCaret(this.text, at));
  }
}

/** As a person counts them in the terminal: an emoji is one character, though two UTF-16 units. */
export function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Fits a terminal of 80 columns, indented. */
const MAX_BEFORE = 44;
const MAX_AFTER = 28;

/** @param at - where the ^ stands, in UTF-16 units from 0 to the length of the text */
export function renderCaret(text: string, at: number): Caret {
  const before = lastCells([...text.slice(Math.max(0, at - 4 * MAX_BEFORE), at)].map(escapeUnsafe));
  const after = firstCells([...text.slice(at, at + 4 * MAX_AFTER)].map(escapeUnsafe));
  const head = before.whole && at <= 4 * MAX_BEFORE ? before.text : `…${before.text}`;
  const tail = after.whole && at + 4 * MAX_AFTER >= text.length ? after.text : `${after.text}…`;
  return Object.freeze({ text: head + tail, marker: `${" ".repeat(stringWidth(head))}^` });
}

interface Part {
  readonly text: string;
  readonly whole: boolean;
}

function firstCells(characters: readonly string[]): Part {
  let cells = 0;
  const end = characters.findIndex((character) => {
    cells += stringWidth(character);
    return cells > MAX_AFTER;
  });
  return { text: characters.slice(0, end < 0 ? undefined : end).join(""), whole: end < 0 };
}

function lastCells(characters: readonly string[]): Part {
  let cells = 0;
  const end = characters.findLastIndex((character) => {
    cells += stringWidth(character);
    return cells > MAX_BEFORE;
  });
  return { text: characters.slice(end + 1).join(""), whole: end < 0 };
}
