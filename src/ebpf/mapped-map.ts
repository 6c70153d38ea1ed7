import { misuse } from "./error.ts";
import { Lifetime } from "./lifetime.ts";
import type { Mapping } from "./mapping.ts";
import { ReadOnlyView } from "./read-only-view.ts";

/**
 * The whole value area of a BPF_F_MMAPABLE array map (kernel 5.5), shared with the kernel: what a program writes is
 * here at once, and the other way round, without a call. The value with index `i` is at `i * stride`.
 *
 * Opened by `BpfMap.mmap`; closed by `close`, or with its object. After that every accessor throws `misuse`; a view
 * taken before stays valid and reads zeros.
 */
export class MappedMap {
  /** Bytes from one value to the next: the value size rounded up to 8. */
  readonly stride: number;
  /** False for a map that the kernel does not let user space write (frozen `.rodata`, BPF_F_RDONLY). */
  readonly writable: boolean;
  readonly #mapping: Mapping;
  readonly #lifetime: Lifetime;
  readonly #forget: () => void;
  readonly #view: DataView;

  /** @internal */
  constructor(name: string, mapping: Mapping, stride: number, writable: boolean, parent: Lifetime) {
    this.#lifetime = new Lifetime(`the mapping of map "${name}"`);
    this.stride = stride;
    this.writable = writable;
    this.#mapping = mapping;
    this.#view = writable ? new DataView(mapping.buffer) : new ReadOnlyView(mapping.buffer);
    this.#forget = parent.adopt(() => this.close());
  }

  /** One view over all values, always the same. A {@link ReadOnlyView} when not `writable`. */
  get view(): DataView {
    this.#lifetime.check();
    return this.#view;
  }

  /** The memory itself, to lay typed arrays over. Throws `misuse` when not `writable`. */
  get buffer(): ArrayBuffer {
    this.#lifetime.check();
    if (!this.writable)
      throw misuse("this map is mapped for reading only: its buffer is not given out; use the view");
    return this.#mapping.buffer;
  }

  /** Idempotent. */
  close(): void {
    if (!this.#lifetime.end()) return;
    this.#forget();
    this.#mapping.close();
  }
}
