import { checkBytes, checkEntries, checkInteger } from "./argument.ts";
import { type Batch, type BatchTarget, deleteBatch, readBatches, writeBatch } from "./batch.ts";
import { EbpfError, failure, misuse } from "./error.ts";
import { libbpf } from "./libbpf.ts";
import type { Lifetime } from "./lifetime.ts";
import { type MapShape, readShape, roundUp8, userValueSize } from "./map-shape.ts";
import { MappedMap } from "./mapped-map.ts";
import { Mapping } from "./mapping.ts";
import type { Pointer } from "./native.ts";
import { RingBuffer } from "./ring-buffer.ts";

const BPF_F_MMAPABLE = 1 << 10;
const ENOENT = -2;
/** BPF_NOEXIST | BPF_EXIST | BPF_F_LOCK */
const MAX_UPDATE_FLAGS = 7;
/** RINGBUF_MAX_RECORD_SZ of kernel/bpf/ringbuf.c, and more than fits most buffers. */
const MAX_RECORD_BYTES = 0x3fff_ffff;
const BATCH_ENTRIES = 4096;

/**
 * A map of a loaded object; lives until that is closed. Keys and values are the bytes of the C structs, in this
 * host's byte order. Every method throws `misuse` after the close and on wrong sizes, and `map` when the kernel refuses.
 */
export class BpfMap {
  readonly name: string;
  /** libbpf's word: `hash`, `array`, `ringbuf`, `sk_storage`, `percpu_array` … */
  readonly type: string;
  readonly keySize: number;
  /** Bytes of a value as a program sees it. */
  readonly valueSize: number;
  /** Bytes of a value as {@link lookup} gives it: for per-CPU maps, one value (rounded up to 8) for each possible CPU. */
  readonly userValueSize: number;
  readonly maxEntries: number;
  readonly #shape: MapShape;
  readonly #fd: number;
  readonly #lifetime: Lifetime;
  #ringOpen = false;

  /** @internal */
  constructor(map: Pointer, lifetime: Lifetime) {
    this.#shape = readShape(map);
    this.#fd = libbpf().bpf_map__fd(map);
    this.#lifetime = lifetime;
    this.name = this.#shape.name;
    this.type = this.#shape.type;
    this.keySize = this.#shape.keySize;
    this.valueSize = this.#shape.valueSize;
    this.userValueSize = userValueSize(this.#shape);
    this.maxEntries = this.#shape.maxEntries;
  }

  /** The map's descriptor; belongs to the object, do not close it. */
  get fd(): number {
    this.#lifetime.check();
    return this.#fd;
  }

  /** The value of a key, or `null` where there is none. */
  lookup(key: Uint8Array): Buffer | null {
    const { fd } = this.#target();
    this.#checkKey(key);
    const value = Buffer.alloc(this.userValueSize);
    const result = libbpf().bpf_map_lookup_elem(fd, key, value);
    if (result === ENOENT) return null;
    if (result < 0) throw failure("map", `cannot look up in map "${this.name}"`, result);
    return value;
  }

  /** Sets a value. `flags`: 0 any, 1 (BPF_NOEXIST) only a new key, 2 (BPF_EXIST) only a known one, +4 (BPF_F_LOCK). */
  update(key: Uint8Array, value: Uint8Array, flags = 0): void {
    const { fd } = this.#target();
    this.#checkKey(key);
    checkBytes(`a value of map "${this.name}"`, value, this.userValueSize);
    checkInteger("flags", flags, 0, MAX_UPDATE_FLAGS);
    const result = libbpf().bpf_map_update_elem(fd, key, value, flags);
    if (result < 0) throw failure("map", `cannot update map "${this.name}"`, result);
  }

  /** Deletes a key. Returns false where there was none. */
  delete(key: Uint8Array): boolean {
    const { fd } = this.#target();
    this.#checkKey(key);
    const result = libbpf().bpf_map_delete_elem(fd, key);
    if (result < 0 && result !== ENOENT)
      throw failure("map", `cannot delete from map "${this.name}"`, result);
    return result !== ENOENT;
  }

  /**
   * The keys, one call each. Deleting the key just given is fine. In a hash that programs change meanwhile, keys can
   * come twice or not at all: the kernel starts over when the key it stands on has gone.
   */
  keys(): IterableIterator<Buffer> {
    const { fd } = this.#target();
    return this.#iterateKeys(fd);
  }

  *#iterateKeys(fd: number): Generator<Buffer, void, undefined> {
    let key: Buffer | null = null;
    for (;;) {
      this.#lifetime.check();
      const next: Buffer = Buffer.alloc(this.keySize);
      const result = libbpf().bpf_map_get_next_key(fd, key, next);
      if (result === ENOENT) return;
      if (result < 0) throw failure("map", `cannot walk the keys of map "${this.name}"`, result);
      key = Buffer.from(next); // the caller owns what it is given, and may write over it
      yield next;
    }
  }

  /**
   * Every entry, `size` of them (1 or more) a call; hash and array maps, kernel 5.6. Buffers are fresh each time.
   * In a hash that programs change meanwhile an entry can be missed, and none comes twice unless it was moved.
   */
  lookupBatch(size = BATCH_ENTRIES): IterableIterator<Batch> {
    return this.#readBatches(size, false);
  }

  /** As {@link lookupBatch}, and deletes what it gives, each bucket in one step; hash maps, kernel 5.6. */
  lookupAndDeleteBatch(size = BATCH_ENTRIES): IterableIterator<Batch> {
    return this.#readBatches(size, true);
  }

  /** Sets many entries in one call: `keys` and `values` packed, as many of one as of the other. `flags` as in update. */
  updateBatch(keys: Uint8Array, values: Uint8Array, flags = 0): void {
    const target = this.#target();
    const count = checkEntries(`keys of map "${this.name}"`, keys, this.keySize);
    checkBytes(`${count} values of map "${this.name}"`, values, count * this.userValueSize);
    checkInteger("flags", flags, 0, MAX_UPDATE_FLAGS);
    writeBatch(target, keys, values, count, flags);
  }

  /** Deletes packed keys in one call, up to the first that is not there. Returns how many were deleted. */
  deleteBatch(keys: Uint8Array): number {
    const target = this.#target();
    return deleteBatch(target, keys, checkEntries(`keys of map "${this.name}"`, keys, this.keySize));
  }

  /**
   * Maps the whole value area into memory: an array made with BPF_F_MMAPABLE, and libbpf's maps of global variables
   * (kernel 5.5). Each call maps anew; close what it returns, or the object. Throws `misuse` for any other map.
   */
  mmap(): MappedMap {
    this.#lifetime.check();
    if (this.type !== "array" || (this.#shape.flags & BPF_F_MMAPABLE) === 0) {
      throw misuse(
        `map "${this.name}" (${this.type}) cannot be mapped: it is not an array made with BPF_F_MMAPABLE`,
      );
    }
    const stride = roundUp8(this.valueSize);
    const length = stride * this.maxEntries;
    const what = `map "${this.name}"`;
    try {
      const mapping = Mapping.open(what, this.#fd, 0, length, true);
      return new MappedMap(this.name, mapping, stride, true, this.#lifetime);
    } catch (error) {
      if (!isRefusal(error)) throw error; // frozen, or BPF_F_RDONLY: only reading is left
    }
    const mapping = Mapping.open(what, this.#fd, 0, length, false);
    return new MappedMap(this.name, mapping, stride, false, this.#lifetime);
  }

  /**
   * Opens a BPF_MAP_TYPE_RINGBUF for reading; one reader at a time. Close what it returns, or the object.
   * @param longestRecordBytes - of what programs put into it, 1..2^30-1, without the header; by default whatever fits.
   * The less it is, the less of the buffer is mapped, and so counts as memory of this process, twice.
   */
  openRingBuffer(longestRecordBytes?: number): RingBuffer {
    this.#lifetime.check();
    if (this.type !== "ringbuf") throw misuse(`map "${this.name}" (${this.type}) is not a ring buffer`);
    if (this.#ringOpen) throw misuse(`ring buffer "${this.name}" is open already`);
    const capacity = this.maxEntries;
    const longest = checkInteger("the longest record", longestRecordBytes ?? capacity, 1, MAX_RECORD_BYTES);
    const ring = new RingBuffer(this.name, this.#fd, capacity, longest, this.#lifetime, () => {
      this.#ringOpen = false;
    });
    this.#ringOpen = true;
    return ring;
  }

  #readBatches(size: number, remove: boolean): IterableIterator<Batch> {
    const target = this.#target();
    checkInteger("the batch size", size, 1, 0xffff_ffff);
    return readBatches(target, size, remove, () => this.#lifetime.check());
  }

  /** Throws unless the map is open and has entries with keys. */
  #target(): BatchTarget {
    this.#lifetime.check();
    if (this.keySize === 0) throw misuse(`map "${this.name}" (${this.type}) has no keys`);
    return {
      name: this.name,
      fd: this.#fd,
      keySize: this.keySize,
      valueSize: this.userValueSize,
      maxEntries: this.maxEntries,
    };
  }

  #checkKey(key: Uint8Array): void {
    checkBytes(`a key of map "${this.name}"`, key, this.keySize);
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof EbpfError && (error.errno === "EPERM" || error.errno === "EACCES");
}
