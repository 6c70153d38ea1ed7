import { failure } from "./error.ts";
import { batchOptions, libbpf } from "./libbpf.ts";

/** Entries of a map, keys and values each packed one after the other, in no particular order. */
export interface Batch {
  readonly count: number;
  /** `count` × key size bytes. */
  readonly keys: Buffer;
  /** `count` × value size bytes. */
  readonly values: Buffer;
}

/** What the batch calls need to know of a map. `valueSize` is that of user space. */
export interface BatchTarget {
  readonly name: string;
  readonly fd: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

const ENOENT = -2;
const ENOSPC = -28;
/** The kernel's position between calls: a bucket number for hash maps, a key for the others. */
const POSITION_BYTES = 8;

/**
 * Reads a map `size` entries a call, and deletes what it read if `remove` (kernel 5.6). `check` is asked before each
 * call, because the caller may close the map between two batches.
 */
export function* readBatches(
  target: BatchTarget,
  size: number,
  remove: boolean,
  check: () => void,
): Generator<Batch, void, undefined> {
  const bpf = libbpf();
  const read = remove ? bpf.bpf_map_lookup_and_delete_batch : bpf.bpf_map_lookup_batch;
  const count = new Uint32Array(1);
  let room = Math.min(size, target.maxEntries);
  let from: Buffer | null = null;
  for (;;) {
    check();
    const to: Buffer = Buffer.alloc(Math.max(POSITION_BYTES, target.keySize));
    const keys = Buffer.alloc(room * target.keySize);
    const values = Buffer.alloc(room * target.valueSize);
    count[0] = room;
    const result = read(target.fd, from, to, keys, values, count, null);
    const entries = count[0];
    if (result === ENOSPC && room < target.maxEntries) {
      room = Math.min(room * 2, target.maxEntries); // one bucket of the hash holds more than there was room for
      continue;
    }
    if (result < 0 && result !== ENOENT)
      throw failure("map", `cannot read map "${target.name}" in batches`, result);
    if (entries > 0) {
      yield {
        count: entries,
        keys: keys.subarray(0, entries * target.keySize),
        values: values.subarray(0, entries * target.valueSize),
      };
    }
    if (result === ENOENT) return;
    from = to;
  }
}

/** Writes `count` entries in one call; returns how many were written before the kernel stopped, or throws `map`. */
export function writeBatch(
  target: BatchTarget,
  keys: Uint8Array,
  values: Uint8Array,
  count: number,
  elementFlags: number,
): void {
  const written = Uint32Array.of(count);
  const result = libbpf().bpf_map_update_batch(target.fd, keys, values, written, batchOptions(elementFlags));
  if (result < 0) {
    throw failure(
      "map",
      `cannot update map "${target.name}": ${written[0]} of ${count} entries written`,
      result,
    );
  }
}

/** Deletes up to `count` keys in one call, stopping at the first that is not there; returns how many were deleted. */
export function deleteBatch(target: BatchTarget, keys: Uint8Array, count: number): number {
  const deleted = Uint32Array.of(count);
  const result = libbpf().bpf_map_delete_batch(target.fd, keys, deleted, batchOptions(0));
  if (result < 0 && result !== ENOENT) {
    throw failure(
      "map",
      `cannot delete from map "${target.name}": ${deleted[0]} of ${count} deleted`,
      result,
    );
  }
  return deleted[0] ?? 0;
}
