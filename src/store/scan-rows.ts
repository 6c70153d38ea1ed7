import { ENDPOINT_TAGS } from "../flow/tags.ts";
import type { Body } from "./body.ts";
import { MAX_OTHER_TAGS, sumsOf } from "./flatten.ts";
import { JsonText } from "./json-text.ts";
import { End, type Key, keyOf, OTHER } from "./row-end.ts";

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
const COMMA = 44;
const ZERO = 48;
const COLON = 58;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN = 123;
const CLOSE = 125;

/**
 * Reads the rows of a snapshot as npmon writes them, byte by byte, and writes them as the journal has them, with no value
 * in between: in less than half of the time that parsing, checking and flattening them takes, and with nothing for the
 * garbage collector.
 *
 * It takes only what cannot be read in two ways and gives up at anything else: white space, escapes, other keys or another
 * order of the counters, a key twice, numbers that are no whole ones of 15 digits at most, values that are empty, long or
 * of another kind. A good snapshot can have all of that; it is then read by the schema. What is taken is written as
 * `flattenSnapshot` writes it.
 */
export class RowScanner {
  /** Begun so far. */
  rows = 0;
  readonly #text: JsonText;
  readonly #body: Body;
  readonly #before: Uint8Array;
  readonly #intervalMs: number;
  readonly #near = new End();
  readonly #far = new End();
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
    this.#text = new JsonText(text, at);
    this.#body = body;
    this.#before = Buffer.from(before);
    this.#intervalMs = intervalMs;
  }

  /** @returns the place behind the `]` of the rows; `null` when it gives up, and what the body then has is void */
  scan(maxRows: number): number | null {
    if (!this.#text.skipByte(OPEN_LIST)) return null;
    if (this.#text.skipByte(CLOSE_LIST)) return this.#text.at;
    do {
      if (++this.rows > maxRows || !this.#row()) return null;
    } while (this.#text.skipByte(COMMA));
    return this.#text.skipByte(CLOSE_LIST) ? this.#text.at : null;
  }

  #row(): boolean {
    const from = this.#text.at;
    if (!this.#text.skipByte(OPEN)) return false;
    this.#near.others.length = 0;
    this.#far.others.length = 0;
    this.#tagTo.fill(0);
    this.#tagFrom.fill(0);
    let ends = 0;
    let tags = 0;
    while (!this.#text.skip(BYTES_SENT)) {
      const end = this.#text.which(END_KEYS);
      const tag = end >= 0 ? -1 : this.#text.which(FLOW_TAG_KEYS);
      if (end >= 0) {
        if ((ends & (1 << end)) !== 0 || !this.#end(end % 2 === 0 ? this.#near : this.#far)) return false;
        ends |= 1 << end;
      } else {
        if (tag < 0 || (tags & (1 << tag)) !== 0 || !this.#flowTag(tag)) return false;
        tags |= 1 << tag;
      }
      if (!this.#text.skipByte(COMMA)) return false;
    }
    const isByRole = (ends & ROLE_ENDS) !== 0;
    if ((isByRole && (ends & ~ROLE_ENDS) !== 0) || !this.#counts()) return false;
    // a quote of a user's tag becomes two
    this.#body.reserve(this.#before.length + 2 * (this.#text.at - from) + MAX_OWN_BYTES);
    this.#write(isByRole);
    return true;
  }

  #end(end: End): boolean {
    if (!this.#text.skipByte(OPEN)) return false;
    if (this.#text.skipByte(CLOSE)) return true;
    for (let place = 0; place < MAX_KEYS; place++) {
      let key = end.shape[place];
      if (key === undefined || !this.#text.skip(key.bytes)) {
        const other = this.#key();
        if (other === null) return false;
        key = other;
        end.shape[place] = key;
      }
      if (!this.#endTag(end, key)) return false;
      if (!this.#text.skipByte(COMMA)) return this.#text.skipByte(CLOSE) && end.sortOthers();
    }
    return false;
  }

  #endTag(end: End, key: Key): boolean {
    if (this.#text.skip(NULL)) this.#text.to = this.#text.from = 0;
    else if (!(key.isNumber ? this.#text.digits() : this.#text.string())) return false;
    const { slot } = key;
    if (slot === OTHER) {
      end.others.push({ key, from: this.#text.from, to: this.#text.to });
      return true;
    }
    if (end.row[slot] === this.rows) return false;
    end.row[slot] = this.rows;
    end.from[slot] = this.#text.from;
    end.to[slot] = this.#text.to;
    return true;
  }

  #key(): Key | null {
    const from = this.#text.at;
    if (!this.#text.string() || !this.#text.skipByte(COLON)) return null;
    return keyOf(this.#text.bytes.subarray(from, this.#text.at));
  }

  #flowTag(tag: number): boolean {
    if (this.#text.skip(NULL)) return true;
    const from = this.#text.at + 1;
    if (this.#text.which(FLOW_TAGS[tag]?.values ?? []) < 0) return false;
    this.#tagFrom[tag] = from;
    this.#tagTo[tag] = this.#text.at - 1;
    return true;
  }

  /** From behind the key of the first to the end of the row. */
  #counts(): boolean {
    let place = 0;
    if (!this.#count(place++)) return false;
    for (const key of MORE_COUNTS) if (!this.#text.skip(key) || !this.#count(place++)) return false;
    let rtt: number | undefined;
    let rttVar: number | undefined;
    if (this.#text.skip(RTT)) {
      if (!this.#text.digits()) return false;
      rtt = this.#text.number;
    }
    if (this.#text.skip(RTT_VAR)) {
      if (!this.#text.digits()) return false;
      rttVar = this.#text.number;
    }
    if (!this.#text.skip(ACTIVE) || !this.#text.digits()) return false;
    const active = this.#text.number;
    let closed = 0;
    for (const key of CONNECTION_COUNTS) {
      if (!this.#text.skip(key) || !this.#count(place)) return false;
      if (place++ === CLOSED) closed = this.#text.number;
    }
    this.#sums = sumsOf(active, closed, rtt, rttVar, this.#intervalMs);
    return this.#text.skip(ROW_END);
  }

  #count(place: number): boolean {
    if (!this.#text.digits()) return false;
    const isZero = this.#text.number === 0;
    this.#countFrom[place] = this.#text.from;
    this.#countTo[place] = isZero ? this.#text.from : this.#text.to;
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
      else this.#copy(this.#text.bytes, this.#tagFrom[tag] as number, this.#tagTo[tag] as number);
      this.#writeByte(TAB);
    }
    for (let count = 0; count < COUNTS; count++) {
      this.#copy(this.#text.bytes, this.#countFrom[count] as number, this.#countTo[count] as number);
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
      if (row[slot] === this.rows) this.#copy(this.#text.bytes, from[slot] as number, to[slot] as number);
      this.#writeByte(TAB);
    }
    let count = 0;
    for (const { key, from, to } of others) {
      if (to === from) continue;
      this.#copyAll(count++ === 0 ? OTHERS_BEGIN : OTHERS_NEXT);
      this.#copy(key.bytes, 1, key.bytes.length - 2);
      this.#copyAll(OTHERS_VALUE);
      this.#copy(this.#text.bytes, from, to);
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
