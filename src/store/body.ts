const MAX_UTF8_BYTES = 3;
const FIRST_BYTES = 1024 * 1024;

/** Bytes that grow line by line, so that no text lives longer than a line. There is one at a time: they share memory. */
export class Body {
  static #scratch = Buffer.allocUnsafeSlow(FIRST_BYTES);
  /** Of {@link Body.bytes}, those that are filled. */
  length = 0;

  /** Where to write, behind {@link Body.length}; another one after every {@link Body.reserve}. */
  get bytes(): Buffer {
    return Body.#scratch;
  }

  /** Makes room for so many bytes more. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= Body.#scratch.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * needed);
    Body.#scratch.copy(larger, 0, 0, this.length);
    Body.#scratch = larger;
  }

  add(line: string): void {
    this.reserve(line.length * MAX_UTF8_BYTES);
    this.length += Body.#scratch.write(line, this.length);
  }

  /** @param headOf - what comes before them */
  finish(headOf: (bytes: Buffer) => string): Buffer {
    const bytes = Body.#scratch.subarray(0, this.length);
    return Buffer.concat([Buffer.from(headOf(bytes)), bytes]);
  }
}
