import { MAX_VALUE_UNITS } from "./flatten.ts";

/** Every number of so many digits is an exact one. */
const MAX_DIGITS = 15;

const SPACE = 32;
const QUOTE = 34;
const ZERO = 48;
const NINE = 57;
const BACKSLASH = 92;

/** 1 for each byte that stands for itself between quotes. */
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);

/** A place in the bytes of a JSON text. What fits there is passed; where it does not the answer is no. */
export class JsonText {
  /** Valid UTF-8. */
  readonly bytes: Uint8Array;
  at: number;
  /** Where the value is that was read last, without quotes. */
  from = 0;
  to = 0;
  /** The number that was read last. */
  number = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  skipByte(byte: number): boolean {
    if (this.bytes[this.at] !== byte) return false;
    this.at++;
    return true;
  }

  skip(words: Uint8Array): boolean {
    const { bytes, at: from } = this;
    for (let at = 0; at < words.length; at++) if (bytes[from + at] !== words[at]) return false;
    this.at = from + words.length;
    return true;
  }

  /** Which of them comes next, and is passed; -1 when it is none. */
  which(words: readonly Uint8Array[]): number {
    for (let at = 0; at < words.length; at++) if (this.skip(words[at] as Uint8Array)) return at;
    return -1;
  }

  /** A whole number of 15 digits at most. */
  digits(): boolean {
    const { bytes, at: from } = this;
    let at = from;
    let number = 0;
    for (let byte = bytes[at]; byte !== undefined && byte >= ZERO && byte <= NINE; byte = bytes[++at]) {
      number = number * 10 + byte - ZERO;
    }
    const length = at - from;
    if (length === 0 || length > MAX_DIGITS || (length > 1 && bytes[from] === ZERO)) return false;
    this.from = from;
    this.to = at;
    this.at = at;
    this.number = number;
    return true;
  }

  /** A text between quotes without escapes; neither empty nor one that would be cut. */
  string(): boolean {
    const { bytes } = this;
    const from = this.at + 1;
    if (bytes[from - 1] !== QUOTE) return false;
    let at = from;
    while (IS_PLAIN[bytes[at] as number] === 1) at++;
    this.from = from;
    this.to = at;
    this.at = at + 1;
    return bytes[at] === QUOTE && at > from && at - from <= MAX_VALUE_UNITS;
  }
}
