import { constants } from "node:buffer";
import { EbpfError, failure } from "./error.ts";
import { mapShared, replaceWithZeroes } from "./libc.ts";
import { type Pointer, viewMemory } from "./native.ts";

/**
 * Kernel memory as an ArrayBuffer. Closing it does not give the addresses back: private zeroed memory takes the
 * mapping's place, so that a view someone kept reads zeros from then on, where unmapping would make it crash. That
 * costs address space and no memory.
 */
export class Mapping {
  readonly buffer: ArrayBuffer;
  readonly #address: Pointer;

  private constructor(address: Pointer, length: number) {
    this.#address = address;
    this.buffer = viewMemory(address, length);
  }

  /**
   * Maps `length` bytes of a descriptor from `offset`, a multiple of the page size.
   * Throws `map` (or `not_permitted`), naming `what`.
   */
  static open(what: string, fd: number, offset: number, length: number, writable: boolean): Mapping {
    if (length > constants.MAX_LENGTH) {
      throw new EbpfError(
        "map",
        `${what} is too large to be mapped: ${length} bytes, limit ${constants.MAX_LENGTH}`,
      );
    }
    const address = mapShared(fd, offset, length, writable);
    if (typeof address === "number") throw failure("map", `cannot map ${what} into memory`, address);
    return new Mapping(address, length);
  }

  /** Must be called once. Where the kernel cannot replace the mapping (ENOMEM) it stays, which is as safe. */
  close(): void {
    replaceWithZeroes(this.#address, this.buffer.byteLength);
  }
}
