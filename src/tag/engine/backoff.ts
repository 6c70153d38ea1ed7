/** Pauses that double from `firstMs` to `maxMs`, and begin anew once something went well. */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #nextMs: number;

  constructor(firstMs: number, maxMs: number) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#nextMs = firstMs;
  }

  /** Milliseconds to wait now. */
  next(): number {
    const pauseMs = this.#nextMs;
    this.#nextMs = Math.min(this.#maxMs, 2 * pauseMs);
    return pauseMs;
  }

  reset(): void {
    this.#nextMs = this.#firstMs;
  }
}
