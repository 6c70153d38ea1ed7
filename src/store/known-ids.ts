import { randomBytes } from "node:crypto";
import { HOUR_MS } from "./partitions.ts";

/** 16 bytes and as much again of free room, so 32 to 64 bytes an id. */
const WORDS = 4;
const FIRST_PLACES = 64;

export function hourOf(ms: number): number {
  return Math.floor(ms / HOUR_MS) * HOUR_MS;
}

/** Which snapshots are here, by the hour, so that they go with it. */
export class KnownIds {
  readonly #hours = new Map<number, IdTable>();

  get size(): number {
    let size = 0;
    for (const table of this.#hours.values()) size += table.size;
    return size;
  }

  /** Of the tables, all hours together. */
  get bytes(): number {
    let bytes = 0;
    for (const table of this.#hours.values()) bytes += table.bytes;
    return bytes;
  }

  has(id: string): boolean {
    const words = wordsOf(id);
    for (const table of this.#hours.values()) if (table.has(words)) return true;
    return false;
  }

  add(id: string, startMs: number): void {
    const hour = hourOf(startMs);
    const table = this.#hours.get(hour) ?? new IdTable();
    this.#hours.set(hour, table);
    table.add(wordsOf(id));
  }

  remove(id: string, startMs: number): void {
    this.#hours.get(hourOf(startMs))?.remove(wordsOf(id));
  }

  dropBefore(hourMs: number): void {
    for (const hour of this.#hours.keys()) if (hour < hourMs) this.#hours.delete(hour);
  }
}

/** Nobody can choose ids that fall on one place. */
const SEED = randomBytes(4).readUInt32LE() | 1;

function wordsOf(id: string): Uint32Array {
  const digits = id.replaceAll("-", "");
  return Uint32Array.from({ length: WORDS }, (_, word) =>
    Number.parseInt(digits.slice(word * 8, word * 8 + 8), 16),
  );
}

/** Open addressing; half of the places are free at least. No id is all zeros: that is a free place. */
class IdTable {
  #words = new Uint32Array(FIRST_PLACES * WORDS);
  size = 0;

  get bytes(): number {
    return this.#words.byteLength;
  }

  has(id: Uint32Array): boolean {
    return !this.#isFree(this.#find(id));
  }

  add(id: Uint32Array): void {
    const place = this.#find(id);
    if (!this.#isFree(place)) return;
    this.#words.set(id, place * WORDS);
    this.size++;
    if (this.size * 2 > this.#words.length / WORDS) this.#rebuild(this.#words.length * 2);
  }

  /** Seldom: when a write failed. */
  remove(id: Uint32Array): void {
    const place = this.#find(id);
    if (this.#isFree(place)) return;
    this.#words.fill(0, place * WORDS, (place + 1) * WORDS);
    // what stood behind it is found again
    this.#rebuild(this.#words.length);
  }

  #rebuild(length: number): void {
    const old = this.#words;
    this.#words = new Uint32Array(length);
    this.size = 0;
    for (let at = 0; at < old.length; at += WORDS) {
      const id = old.subarray(at, at + WORDS);
      if (id.every((word) => word === 0)) continue;
      this.#words.set(id, this.#find(id) * WORDS);
      this.size++;
    }
  }

  /** The place of the id, or the free one where it would be. */
  #find(id: Uint32Array): number {
    const places = this.#words.length / WORDS;
    let hash = 0;
    for (const word of id) {
      hash = Math.imul(hash ^ word, SEED);
      hash ^= hash >>> 15;
    }
    for (let place = hash & (places - 1); ; place = (place + 1) & (places - 1)) {
      if (this.#isFree(place) || id.every((word, index) => this.#words[place * WORDS + index] === word)) {
        return place;
      }
    }
  }

  #isFree(place: number): boolean {
    const at = place * WORDS;
    return (
      this.#words[at] === 0 &&
      this.#words[at + 1] === 0 &&
      this.#words[at + 2] === 0 &&
      this.#words[at + 3] === 0
    );
  }
}
