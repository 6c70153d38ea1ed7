/** Hands out the numbers 1..capacity, each to one flow at a time. */
export class Slots {
  readonly #free: number[] = [];
  readonly #taken: Uint8Array;

  constructor(capacity: number) {
    this.#taken = new Uint8Array(capacity + 1);
    for (let slot = capacity; slot > 0; slot--) this.#free.push(slot);
  }

  /** 0 when none is free. */
  take(): number {
    const slot = this.#free.pop() ?? 0;
    if (slot !== 0) this.#taken[slot] = 1;
    return slot;
  }

  /** Slots that are not taken are left alone. */
  release(slots: readonly number[]): void {
    for (const slot of slots) {
      if (this.#taken[slot] !== 1) continue;
      this.#taken[slot] = 0;
      this.#free.push(slot);
    }
  }
}
