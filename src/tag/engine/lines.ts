const NEWLINE = 0x0a;
const FIRST_CAPACITY = 4_096;

/** Cuts a stream of bytes into lines. Holds one line of at most `maxBytes`; longer ones are skipped and counted. */
export class LineCutter {
  readonly #maxBytes: number;
  readonly #onLine: (line: string) => void;
  #line = Buffer.allocUnsafe(FIRST_CAPACITY);
  #length = 0;
  #skipping = false;
  #skipped = 0;

  /** @param onLine - called with each line, without its newline; empty ones are left out */
  constructor(maxBytes: number, onLine: (line: string) => void) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
  }

  /** Lines that were too long. */
  get skipped(): number {
    return this.#skipped;
  }

  add(bytes: Buffer): void {
    let from = 0;
    for (let to = bytes.indexOf(NEWLINE); to >= 0; to = bytes.indexOf(NEWLINE, from)) {
      this.#take(bytes.subarray(from, to));
      this.#endLine();
      from = to + 1;
    }
    this.#take(bytes.subarray(from));
  }

  #take(part: Buffer): void {
    if (this.#skipping) return;
    const length = this.#length + part.length;
    if (length > this.#maxBytes) {
      this.#skipping = true;
      this.#skipped++;
      return;
    }
    if (length > this.#line.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.#maxBytes, Math.max(length, 2 * this.#line.length)));
      this.#line.copy(larger, 0, 0, this.#length);
      this.#line = larger;
    }
    part.copy(this.#line, this.#length);
    this.#length = length;
  }

  #endLine(): void {
    const line = this.#skipping || this.#length === 0 ? null : this.#line.toString("utf8", 0, this.#length);
    this.#length = 0;
    this.#skipping = false;
    if (line !== null) this.#onLine(line);
  }
}
