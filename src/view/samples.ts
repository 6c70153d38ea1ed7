/** Ticks that are remembered of each row. */
export const KEPT_TICKS = 96;

/** What is remembered of each tick, in the order in which it is stored. */
export const SAMPLE_FIELDS = ["sent", "received", "rtt", "retransmits"] as const;

/** `sent` and `received` in bytes a second, `rtt` in µs (NaN when there was none), `retransmits` in the window. */
export type SampleField = (typeof SAMPLE_FIELDS)[number];

const FIELDS = SAMPLE_FIELDS.length;
const SLOT_FLOATS = KEPT_TICKS * FIELDS;
/** Slots are made so many at a time, 96 KiB. */
const CHUNK_SLOTS = 64;

/**
 * Numbers of the last {@link KEPT_TICKS} ticks for each of many rows, in a few large arrays: 1.5 KiB a row and no
 * object. Changed in place on purpose.
 */
export class Samples {
  readonly #chunks: Float32Array[] = [];
  readonly #free: number[] = [];

  /** A slot for one more row, without a sample. */
  take(): number {
    if (this.#free.length === 0) {
      const first = this.#chunks.length * CHUNK_SLOTS;
      this.#chunks.push(new Float32Array(CHUNK_SLOTS * SLOT_FLOATS));
      for (let slot = first + CHUNK_SLOTS - 1; slot >= first; slot--) this.#free.push(slot);
    }
    const slot = this.#free.pop() ?? 0;
    const start = (slot % CHUNK_SLOTS) * SLOT_FLOATS;
    this.#chunkOf(slot).fill(Number.NaN, start, start + SLOT_FLOATS);
    return slot;
  }

  giveBack(slot: number): void {
    this.#free.push(slot);
  }

  /** Stores what one tick gave, in place of what was {@link KEPT_TICKS} before. */
  put(slot: number, tick: number, sent: number, received: number, rtt: number, retransmits: number): void {
    const chunk = this.#chunkOf(slot);
    const at = placeOf(slot, tick);
    chunk[at] = sent;
    chunk[at + 1] = received;
    chunk[at + 2] = rtt;
    chunk[at + 3] = retransmits;
  }

  /** NaN where nothing was stored. */
  get(slot: number, tick: number, field: SampleField): number {
    return this.#chunkOf(slot)[placeOf(slot, tick) + SAMPLE_FIELDS.indexOf(field)] ?? Number.NaN;
  }

  copy(): Samples {
    const copy = new Samples();
    for (const chunk of this.#chunks) copy.#chunks.push(chunk.slice());
    copy.#free.push(...this.#free);
    return copy;
  }

  #chunkOf(slot: number): Float32Array {
    return this.#chunks[Math.floor(slot / CHUNK_SLOTS)] as Float32Array;
  }
}

function placeOf(slot: number, tick: number): number {
  return (slot % CHUNK_SLOTS) * SLOT_FLOATS + (tick % KEPT_TICKS) * FIELDS;
}
