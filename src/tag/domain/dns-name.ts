import packet from "dns-packet";

/** What dns-packet has and its types leave out. */
declare module "dns-packet" {
  namespace name {
    /** @throws Error for a name that leaves the message, is too long or points forward */
    function decode(message: Buffer, offset: number): string;
  }
}

/** A name and where in the message what follows it begins. */
export interface NameAt {
  readonly name: string;
  readonly end: number;
}

/** Names of real messages have one pointer; each costs time, and a message can hold thousands in a row. */
const MOST_POINTERS = 16;
/** Of a message, in all; more are not looked at. */
const MOST_NAMES = 64;
const POINTER = 0xc0;

/**
 * Reads the names of one message, in lower case as DNS compares them, which is that of ASCII; they may hold anything. Bounded whatever
 * the message says: names that begin with the same pointer are decoded once.
 */
export class NameReader {
  readonly #message: Buffer;
  readonly #byPointer = new Map<number, string>();
  #decoded = 0;

  constructor(message: Buffer) {
    this.#message = message;
  }

  /** `null` where there is no name that can be read. */
  read(offset: number): NameAt | null {
    const message = this.#message;
    const first = message[offset] ?? 0;
    const pointer = first >= POINTER && offset + 1 < message.length ? message.readUInt16BE(offset) : null;
    const known = pointer === null ? undefined : this.#byPointer.get(pointer);
    if (known !== undefined) return { name: known, end: offset + 2 };
    const end = endOfName(message, offset);
    if (end === null || ++this.#decoded > MOST_NAMES) return null;
    try {
      const name = packet.name.decode(message, offset).replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
      if (pointer !== null) this.#byPointer.set(pointer, name);
      return { name, end };
    } catch {
      return null;
    }
  }
}

/** Where what follows the name begins; `null` when it has no end within the message, or too many pointers. */
function endOfName(message: Buffer, offset: number): number | null {
  let end: number | null = null;
  for (let at = offset, pointers = 0; at < message.length; ) {
    const length = message[at] ?? 0;
    if (length === 0) return end ?? at + 1;
    if (length < POINTER) {
      at += 1 + length;
      continue;
    }
    if (at + 1 >= message.length || ++pointers > MOST_POINTERS) return null;
    end ??= at + 2;
    at = message.readUInt16BE(at) & 0x3fff;
  }
  return null;
}
