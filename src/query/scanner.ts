import type { QueryError, QueryText } from "./query-text.ts";
import { readEscape } from "./quote.ts";

/** A part of a word: what stood between quotes, or plain text in which `*` and `?` are wildcards. */
export interface Piece {
  readonly text: string;
  readonly quoted: boolean;
}

const SPACE = /\s*/y;
const RUN = /[^\s(),"]*/y;
const BOUND = /[^\s(),"[\]]*/y;

/** Walks through a typed filter from left to right. Offsets are UTF-16 units from 0. */
export class Scanner {
  readonly source: QueryText;
  readonly #text: string;
  at = 0;

  constructor(source: QueryText) {
    this.source = source;
    this.#text = source.text;
  }

  get atEnd(): boolean {
    return this.at === this.#text.length;
  }

  /** Whether nothing of a word stands here: the end, a space or a bracket. */
  get atGap(): boolean {
    return this.atEnd || /[\s()]/.test(this.peek());
  }

  /** The next UTF-16 unit; empty at the end. */
  peek(): string {
    return this.#text[this.at] ?? "";
  }

  /** Something does not fit here; see {@link QueryText.misfit}. */
  misfit(found: string, fitting: string): QueryError {
    return this.source.misfit(this.at, found, fitting);
  }

  skipSpace(): void {
    SPACE.lastIndex = this.at;
    SPACE.exec(this.#text);
    this.at = SPACE.lastIndex;
  }

  /** Steps over `text` when it stands here. */
  take(text: string): boolean {
    if (!this.#text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  /** The plain text from here to the next space, bracket, comma or quote, without going there. */
  peekRun(): string {
    RUN.lastIndex = this.at;
    return RUN.exec(this.#text)?.[0] ?? "";
  }

  /** A number in a range: up to the next space or bracket, square ones too. */
  takeBound(): string {
    BOUND.lastIndex = this.at;
    const [bound = ""] = BOUND.exec(this.#text) ?? [];
    this.at += bound.length;
    return bound;
  }

  /**
   * Pieces that stand side by side, `"Web Con"*`, up to a space, bracket or comma; empty when none stands here. A
   * single quote opens a piece only at the beginning, for it is also an apostrophe.
   */
  takeWord(): Piece[] {
    const pieces: Piece[] = [];
    if (this.peek() === "'") pieces.push(this.takeQuoted("'"));
    for (;;) {
      if (this.peek() === '"') {
        pieces.push(this.takeQuoted('"'));
        continue;
      }
      const text = this.peekRun();
      if (text === "") return pieces;
      this.at += text.length;
      pieces.push({ text, quoted: false });
    }
  }

  takeQuoted(quote: '"' | "'"): Piece {
    const start = this.at;
    const parts: string[] = [];
    let from = ++this.at;
    for (; !this.atEnd; this.at++) {
      const unit = this.peek();
      if (unit === quote) {
        parts.push(this.#text.slice(from, this.at));
        this.at++;
        return { text: parts.join(""), quoted: true };
      }
      if (unit !== "\\") continue;
      const read = readEscape(this.#text, this.at);
      if (read === null) {
        throw this.source.misfit(
          this.at,
          "no such escape between quotes",
          '\\" \\\\ \\n \\r \\t \\xHH \\uHHHH or \\u{H}; a backslash itself is \\\\',
        );
      }
      parts.push(this.#text.slice(from, this.at), read.character);
      from = read.end;
      this.at = read.end - 1;
    }
    throw this.source.misfit(start, "this quote has no end", `another ${quote}`);
  }
}
