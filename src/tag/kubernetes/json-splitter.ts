import { ApiFault } from "./api-fault.ts";

export interface JsonSplitterSettings {
  /**
   * Of which array of the one top-level object the elements are the items: `items` for a list. `null`: the items are
   * the top-level values themselves, as in a watch.
   */
  readonly arrayName: string | null;
  /** Longer items are passed over, much longer ones end the reading. */
  readonly maxItemBytes: number;
  /** JSON text of one object, complete by its brackets. */
  readonly onItem: (text: string) => void;
  readonly onOversized: () => void;
}

/** What stands around the items of a list: kind, version, where to go on. */
const MAX_ENVELOPE_BYTES = 64 * 1024;
/** White space and commas between two items. */
const MAX_GAP_BYTES = 64 * 1024;
/** An item this many times too long will not end. */
const GIVE_UP_AFTER = 4;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Takes JSON objects out of a stream of bytes one at a time, without ever holding more than one, however long the list or
 * the watch. Looks only at brackets and strings; whoever parses an item finds what else is wrong with it.
 */
export class JsonSplitter {
  readonly #settings: JsonSplitterSettings;
  /** Depth at which items begin. */
  readonly #itemDepth: number;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Inside the array that has the items. */
  #inArray = false;
  /** Inside an item; its bytes of earlier chunks. */
  #inItem = false;
  #itemParts: Buffer[] = [];
  #itemBytes = 0;
  #gapBytes = 0;
  #envelope = "";
  #ended = false;

  constructor(settings: JsonSplitterSettings) {
    this.#settings = settings;
    this.#itemDepth = settings.arrayName === null ? 0 : 2;
    this.#inArray = settings.arrayName === null;
  }

  /** @throws ApiFault `nonsense` when this is not, or never will be, what was asked for */
  write(chunk: Buffer): void {
    let from = 0;
    while (from < chunk.length) from = this.#inItem ? this.#item(chunk, from) : this.#outside(chunk, from);
  }

  /**
   * @returns the text of the top-level object, its array of items empty; empty for a watch
   * @throws ApiFault `unreachable` when it was cut off
   */
  end(): string {
    const isWhole = this.#settings.arrayName === null ? !this.#inItem : this.#ended;
    if (!isWhole) throw new ApiFault("unreachable", "the answer was cut off");
    return this.#envelope;
  }

  /** Reads on within an item. @returns where the next part begins */
  #item(chunk: Buffer, from: number): number {
    let depth = this.#depth;
    let inString = this.#inString;
    let at = this.#escaped ? from + 1 : from;
    for (; at < chunk.length; at++) {
      const byte = chunk[at];
      if (inString) {
        if (byte === QUOTE) inString = false;
        else if (byte === BACKSLASH) at++; // the next one belongs to it
      } else if (byte === QUOTE) inString = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
      else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === this.#itemDepth) break;
    }
    this.#depth = depth;
    this.#inString = inString;
    this.#escaped = at > chunk.length;
    const isComplete = at < chunk.length;
    const next = isComplete ? at + 1 : chunk.length;
    this.#keep(chunk.subarray(from, next));
    if (isComplete) this.#finishItem();
    return next;
  }

  #keep(part: Buffer): void {
    const { maxItemBytes } = this.#settings;
    this.#itemBytes += part.length;
    if (this.#itemBytes <= maxItemBytes) this.#itemParts.push(part);
    else this.#itemParts = [];
    if (this.#itemBytes > GIVE_UP_AFTER * maxItemBytes) throw nonsense("an object without end");
  }

  #finishItem(): void {
    const { maxItemBytes, onItem, onOversized } = this.#settings;
    const [first] = this.#itemParts;
    const isWhole = this.#itemBytes <= maxItemBytes && first !== undefined;
    const bytes = isWhole ? (this.#itemParts.length === 1 ? first : Buffer.concat(this.#itemParts)) : null;
    this.#inItem = false;
    this.#itemParts = [];
    this.#itemBytes = 0;
    if (bytes === null) onOversized();
    else onItem(bytes.toString("utf8"));
  }

  /** Reads on between items and around them. @returns where the next part begins */
  #outside(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (this.#inArray && !this.#inString) {
        if (byte === OPEN_BRACE) {
          this.#inItem = true;
          this.#gapBytes = 0;
          return at; // the item counts its own first bracket
        }
        if (byte !== CLOSE_BRACKET || this.#depth !== this.#itemDepth || this.#itemDepth === 0) {
          if (!isSpace(byte) && byte !== COMMA) throw nonsense("something that is no object");
          if (++this.#gapBytes > MAX_GAP_BYTES) throw nonsense("nothing but white space");
          continue;
        }
        this.#inArray = false;
      }
      this.#envelop(byte);
    }
    return chunk.length;
  }

  #envelop(byte: number): void {
    if (this.#ended) {
      if (!isSpace(byte)) throw nonsense("something behind its end");
      return;
    }
    if (this.#depth === 0 && byte !== OPEN_BRACE && !isSpace(byte)) throw nonsense("no JSON object");
    if (this.#envelope.length >= MAX_ENVELOPE_BYTES) throw nonsense("too much around its items");
    // Latin-1 is enough: what is read of it is ASCII.
    this.#envelope += String.fromCharCode(byte);
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) this.#inString = false;
    } else if (byte === QUOTE) this.#inString = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#open(byte);
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) this.#ended = --this.#depth === 0;
  }

  #open(byte: number): void {
    this.#depth++;
    if (byte !== OPEN_BRACKET || this.#depth !== this.#itemDepth) return;
    const [, name] = /(?<!\\)"([^"\\]*)"\s*:\s*\[$/.exec(this.#envelope.slice(-128)) ?? [];
    this.#inArray = name === this.#settings.arrayName;
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function nonsense(what: string): ApiFault {
  return new ApiFault("nonsense", `the answer has ${what}`);
}
