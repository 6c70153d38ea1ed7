import { ENDPOINT_TAGS } from "../flow/tags.ts";
import { tagKind } from "../query/tag-names.ts";
import type { Body } from "./body.ts";
import { MAX_OTHER_TAGS, MAX_OTHER_UNITS, MAX_VALUE_UNITS, sumsOf } from "./flatten.ts";

const literal = (words: string): Uint8Array => Buffer.from(words);

const NULL = literal("null");
const END_KEYS = ["source", "destination", "client", "server"].map((name) => literal(`"${name}":`));
const ROLE_ENDS = 0b1100;
const FLOW_TAGS = (
  [
    ["protocol", "tcp", "udp"],
    ["direction", "outgoing", "incoming", "none"],
    ["family", "ipv4", "ipv6"],
  ] as const
).map(([name, ...values]) => ({
  key: literal(`"${name}":`),
  values: values.map((value) => literal(`"${value}"`)),
}));
const FLOW_TAG_KEYS = FLOW_TAGS.map(({ key }) => key);
const DIRECTION = 1;
const OUTGOING = literal("outgoing");

const BYTES_SENT = literal('"bytes_sent":');
const MORE_COUNTS = ["bytes_received", "packets_sent", "packets_received", "retransmits"].map((name) =>
  literal(`,"${name}":`),
);
const RTT = literal(',"rtt_us":');
const RTT_VAR = literal(',"rtt_var_us":');
const ACTIVE = literal(',"connections":{"active":');
const CONNECTION_COUNTS = [
  ...[',"opened":', ',"closed":', ',"failed":{"refused":'],
  ...[',"reset":', ',"timed_out":', ',"unreachable":', ',"other":'],
].map(literal);
const ROW_END = literal("}}}");
/** Those that stand in the journal as they came; `active` does not. */
const COUNTS = 1 + MORE_COUNTS.length + CONNECTION_COUNTS.length;
const CLOSED = 1 + MORE_COUNTS.length + 1;

/** Every number of so many digits is an exact one. */
const MAX_DIGITS = 15;

const MAX_KEYS = ENDPOINT_TAGS.length + MAX_OTHER_TAGS;

/** The user's tags as JSON in a quoted cell, quotes twice. */
const OTHERS_BEGIN = literal('"{""');
const OTHERS_VALUE = literal('"":""');
const OTHERS_NEXT = literal('"",""');
const OTHERS_END = literal('""}"');

/** What a line has besides what it begins with and values of the row: tabs, sums and `outgoing`. */
const MAX_OWN_BYTES = 256;

const TAB = 9;
const NEWLINE = 10;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN = 123;
const CLOSE = 125;

/** 1 for each byte that stands for itself between quotes. */
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);

/** The name of a tag as it stands in an end. */
interface Key {
  /** With its quotes and colon. */
  readonly bytes: Uint8Array;
  readonly name: string;
  /** Its place in {@link ENDPOINT_TAGS}; {@link OTHER} for a user's tag or a label. */
  readonly slot: number;
  readonly isNumber: boolean;
}

const SLOTS: ReadonlyMap<string, number> = new Map(ENDPOINT_TAGS.map((tag, slot) => [tag, slot]));
const OTHER = -1;
/** As the schema has it. */
const TAG_NAME = /^(?:[a-z][a-z0-9_]*|label\.[\s\S]{1,512})$/u;

interface OtherTag {
  readonly key: Key;
  readonly from: number;
  readonly to: number;
}

/** One end of a row: where in the text the values of its tags are. */
class End {
  readonly from = new Int32Array(ENDPOINT_TAGS.length);
  readonly to = new Int32Array(ENDPOINT_TAGS.length);
  /** Which row has the tag, from 1. */
  readonly row = new Int32Array(ENDPOINT_TAGS.length);
  /** By name. */
  readonly others: OtherTag[] = [];
  /** The keys of the end before, in order: nearly always those of the next one. */
  readonly shape: Key[] = [];

  /** @returns whether each is there once and all of them fit */
  sortOthers(): boolean {
    const { others } = this;
    if (others.length > MAX_OTHER_TAGS) return false;
    if (others.length > 1) others.sort((a, b) => (a.key.name < b.key.name ? -1 : 1));
    let bytes = 0;
    for (let at = 0; at < others.length; at++) {
      const { key, from, to } = others[at] as OtherTag;
      if (key.name === others[at + 1]?.key.name) return false;
      bytes += key.bytes.length + to - from;
    }
    return bytes <= MAX_OTHER_UNITS;
  }
}

/**
 * Reads the rows of a snapshot as npmon writes them, byte by byte, and writes them as the journal has them, with no value
 * in between: a third of what it takes to parse, check and flatten them, and nothing for the garbage collector. It takes only what cannot be read in two ways and
 * gives up at anything else: white space, escapes, other keys or another order of the counters, a key twice, numbers that
 * are no whole ones of 15 digits at most, values that are empty, long or of another kind. A good snapshot can have all of
 * that; it is then read by the schema. What is taken is written as `flattenSnapshot` writes it.
 */
export class RowScanner {
  /** Begun so far. */
  rows = 0;
  readonly #text: Uint8Array;
  #at: number;
  readonly #body: Body;
  readonly #before: Uint8Array;
  readonly #intervalMs: number;
  readonly #near = new End();
  readonly #far = new End();
  /** The value that was read last, without quotes. */
  #from = 0;
  #to = 0;
  #number = 0;
  readonly #tagFrom = new Int32Array(FLOW_TAGS.length);
  readonly #tagTo = new Int32Array(FLOW_TAGS.length);
  readonly #countFrom = new Int32Array(COUNTS);
  readonly #countTo = new Int32Array(COUNTS);
  #sums = sumsOf(0, 0, undefined, undefined, 0);

  /**
   * @param text - valid UTF-8
   * @param at - of the `[` before the rows
   * @param before - what every line begins with
   */
  constructor(text: Uint8Array, at: number, body: Body, before: string, intervalMs: number) {
    this.#text = text;
    this.#at = at;
    this.#body = body;
    this.#before = Buffer.from(before);
    this.#intervalMs = intervalMs;
  }

  /** @returns the place behind the `]` of the rows; `null` when it gives up, and what the body then has is void */
  scan(maxRows: number): number | null {
    if (!this.#skipByte(OPEN_LIST)) return null;
    if (this.#skipByte(CLOSE_LIST)) return this.#at;
    do {
      if (++this.rows > maxRows || !this.#row()) return null;
    } while (this.#skipByte(COMMA));
    return this.#skipByte(CLOSE_LIST) ? this.#at : null;
  }

  #row(): boolean {
    const from = this.#at;
    if (!this.#skipByte(OPEN)) return false;
    this.#near.others.length = 0;
    this.#far.others.length = 0;
    this.#tagTo.fill(0);
    this.#tagFrom.fill(0);
    let ends = 0;
    let tags = 0;
    while (!this.#skip(BYTES_SENT)) {
      const end = this.#which(END_KEYS);
      const tag = end >= 0 ? -1 : this.#which(FLOW_TAG_KEYS);
      if (end >= 0) {
        if ((ends & (1 << end)) !== 0 || !this.#end(end % 2 === 0 ? this.#near : this.#far)) return false;
        ends |= 1 << end;
      } else {
        if (tag < 0 || (tags & (1 << tag)) !== 0 || !this.#flowTag(tag)) return false;
        tags |= 1 << tag;
      }
      if (!this.#skipByte(COMMA)) return false;
    }
    const isByRole = (ends & ROLE_ENDS) !== 0;
    if ((isByRole && (ends & ~ROLE_ENDS) !== 0) || !this.#counts()) return false;
    // a quote of a user's tag becomes two
    this.#body.reserve(this.#before.length + 2 * (this.#at - from) + MAX_OWN_BYTES);
    this.#write(isByRole);
    return true;
  }

  #end(end: End): boolean {
    if (!this.#skipByte(OPEN)) return false;
    if (this.#skipByte(CLOSE)) return true;
    for (let place = 0; place < MAX_KEYS; place++) {
      let key = end.shape[place];
      if (key === undefined || !this.#skip(key.bytes)) {
        const other = this.#key();
        if (other === null) return false;
        key = other;
        end.shape[place] = key;
      }
      if (!this.#endTag(end, key)) return false;
      if (!this.#skipByte(COMMA)) return this.#skipByte(CLOSE) && end.sortOthers();
    }
    return false;
  }

  #endTag(end: End, key: Key): boolean {
    if (this.#skip(NULL)) this.#to = this.#from = 0;
    else if (!(key.isNumber ? this.#digits() : this.#string())) return false;
    const { slot } = key;
    if (slot === OTHER) {
      end.others.push({ key, from: this.#from, to: this.#to });
      return true;
    }
    if (end.row[slot] === this.rows) return false;
    end.row[slot] = this.rows;
    end.from[slot] = this.#from;
    end.to[slot] = this.#to;
    return true;
  }

  #key(): Key | null {
    const from = this.#at;
    if (!this.#string() || !this.#skipByte(COLON)) return null;
    const bytes = this.#text.subarray(from, this.#at);
    const name = Buffer.from(bytes.subarray(1, -2)).toString();
    const slot = SLOTS.get(name) ?? (TAG_NAME.test(name) ? OTHER : null);
    return slot === null ? null : { bytes, name, slot, isNumber: tagKind(name) === "number" };
  }

  #flowTag(tag: number): boolean {
    if (this.#skip(NULL)) return true;
    const from = this.#at + 1;
    if (this.#which(FLOW_TAGS[tag]?.values ?? []) < 0) return false;
    this.#tagFrom[tag] = from;
    this.#tagTo[tag] = this.#at - 1;
    return true;
  }

  /** From behind the key of the first to the end of the row. */
  #counts(): boolean {
    let place = 0;
    if (!this.#count(place++)) return false;
    for (const key of MORE_COUNTS) if (!this.#skip(key) || !this.#count(place++)) return false;
    let rtt: number | undefined;
    let rttVar: number | undefined;
    if (this.#skip(RTT)) {
      if (!this.#digits()) return false;
      rtt = this.#number;
    }
    if (this.#skip(RTT_VAR)) {
      if (!this.#digits()) return false;
      rttVar = this.#number;
    }
    if (!this.#skip(ACTIVE) || !this.#digits()) return false;
    const active = this.#number;
    let closed = 0;
    for (const key of CONNECTION_COUNTS) {
      if (!this.#skip(key) || !this.#count(place)) return false;
      if (place++ === CLOSED) closed = this.#number;
    }
    this.#sums = sumsOf(active, closed, rtt, rttVar, this.#intervalMs);
    return this.#skip(ROW_END);
  }

  #count(place: number): boolean {
    if (!this.#digits()) return false;
    const isZero = this.#number === 0;
    this.#countFrom[place] = this.#from;
    this.#countTo[place] = isZero ? this.#from : this.#to;
    return true;
  }

  #digits(): boolean {
    const text = this.#text;
    const from = this.#at;
    let at = from;
    let number = 0;
    for (let byte = text[at]; byte !== undefined && byte >= ZERO && byte <= NINE; byte = text[++at]) {
      number = number * 10 + byte - ZERO;
    }
    const length = at - from;
    if (length === 0 || length > MAX_DIGITS || (length > 1 && text[from] === ZERO)) return false;
    this.#from = from;
    this.#to = at;
    this.#at = at;
    this.#number = number;
    return true;
  }

  #string(): boolean {
    const text = this.#text;
    const from = this.#at + 1;
    if (text[from - 1] !== QUOTE) return false;
    let at = from;
    while (IS_PLAIN[text[at] as number] === 1) at++;
    this.#from = from;
    this.#to = at;
    this.#at = at + 1;
    return text[at] === QUOTE && at > from && at - from <= MAX_VALUE_UNITS;
  }

  /** Which of them comes next, and is passed; -1 when it is none. */
  #which(words: readonly Uint8Array[]): number {
    for (let at = 0; at < words.length; at++) if (this.#skip(words[at] as Uint8Array)) return at;
    return -1;
  }

  #skip(words: Uint8Array): boolean {
    const text = this.#text;
    const from = this.#at;
    for (let at = 0; at < words.length; at++) if (text[from + at] !== words[at]) return false;
    this.#at = from + words.length;
    return true;
  }

  #skipByte(byte: number): boolean {
    if (this.#text[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  #write(isByRole: boolean): void {
    const body = this.#body;
    body.bytes.set(this.#before, body.length);
    body.length += this.#before.length;
    this.#writeEnd(this.#near);
    this.#writeEnd(this.#far);
    for (let tag = 0; tag < FLOW_TAGS.length; tag++) {
      if (isByRole && tag === DIRECTION) this.#copyAll(OUTGOING);
      else this.#copy(this.#text, this.#tagFrom[tag] as number, this.#tagTo[tag] as number);
      this.#writeByte(TAB);
    }
    for (let count = 0; count < COUNTS; count++) {
      this.#copy(this.#text, this.#countFrom[count] as number, this.#countTo[count] as number);
      this.#writeByte(TAB);
    }
    const { activeMs, rtt, rttVar, weight } = this.#sums;
    this.#writeNumber(activeMs, TAB);
    this.#writeNumber(rtt, TAB);
    this.#writeNumber(rttVar, TAB);
    this.#writeNumber(weight, NEWLINE);
  }

  #writeEnd(end: End): void {
    const { from, to, row, others } = end;
    for (let slot = 0; slot < ENDPOINT_TAGS.length; slot++) {
      if (row[slot] === this.rows) this.#copy(this.#text, from[slot] as number, to[slot] as number);
      this.#writeByte(TAB);
    }
    let count = 0;
    for (const { key, from, to } of others) {
      if (to === from) continue;
      this.#copyAll(count++ === 0 ? OTHERS_BEGIN : OTHERS_NEXT);
      this.#copy(key.bytes, 1, key.bytes.length - 2);
      this.#copyAll(OTHERS_VALUE);
      this.#copy(this.#text, from, to);
    }
    if (count > 0) this.#copyAll(OTHERS_END);
    this.#writeByte(TAB);
  }

  #copy(source: Uint8Array, from: number, to: number): void {
    const body = this.#body;
    const { bytes } = body;
    let at = body.length;
    for (let place = from; place < to; place++) bytes[at++] = source[place] as number;
    body.length = at;
  }

  #copyAll(source: Uint8Array): void {
    this.#copy(source, 0, source.length);
  }

  #writeByte(byte: number): void {
    this.#body.bytes[this.#body.length++] = byte;
  }

  /** Nothing for 0. */
  #writeNumber(value: number, after: number): void {
    const body = this.#body;
    const { bytes } = body;
    let length = 0;
    for (let left = value; left >= 1; left = Math.floor(left / 10)) length++;
    let at = body.length + length;
    body.length = at;
    for (let left = value; left >= 1; ) {
      const next = Math.floor(left / 10);
      bytes[--at] = ZERO + (left - next * 10);
      left = next;
    }
    this.#writeByte(after);
  }
}
