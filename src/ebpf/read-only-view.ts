import { misuse } from "./error.ts";

/**
 * A DataView over memory that is mapped for reading only, where a write would kill the process: every `set…` throws
 * `misuse`, and so does asking for the `buffer`, over which a writable array could be laid. Reading is as fast as
 * with any DataView; {@link bytes} copies.
 */
export class ReadOnlyView extends DataView<ArrayBuffer> {
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(buffer: ArrayBuffer, byteOffset = 0, byteLength = buffer.byteLength - byteOffset) {
    super(buffer, byteOffset, byteLength);
    this.#bytes = new Uint8Array(buffer, byteOffset, byteLength);
  }

  /** A copy of `length` bytes. Throws `misuse` outside the view. */
  bytes(offset: number, length: number): Buffer {
    const inside = Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0;
    if (!inside || offset + length > this.byteLength) {
      throw misuse(`bytes ${offset}..${offset + length} are outside this view of ${this.byteLength} bytes`);
    }
    return Buffer.from(this.#bytes.subarray(offset, offset + length));
  }
}

// By name from the prototype, so that a setter of a later Node (setFloat16) is refused too.
for (const name of Object.getOwnPropertyNames(DataView.prototype)) {
  if (name.startsWith("set")) {
    Object.defineProperty(ReadOnlyView.prototype, name, {
      value: () => {
        throw misuse(`this memory is mapped for reading only: ${name} is not possible`);
      },
    });
  }
}
Object.defineProperty(ReadOnlyView.prototype, "buffer", {
  get: () => {
    throw misuse("this memory is mapped for reading only: its buffer is not given out; bytes() copies");
  },
});
