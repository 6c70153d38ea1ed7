import { possibleCpus } from "./kernel.ts";
import { type MapShape, PER_CPU, roundUp8 } from "./map-shape.ts";

/** `struct htab_elem` of kernel/bpf/hashtab.c before its key, `struct bucket`, and a pointer. */
const HASH_ELEMENT_BYTES = 48;
const HASH_BUCKET_BYTES = 16;
const POINTER_BYTES = 8;
const PAGE_BYTES = 4096;
/** A ring buffer's own page and the two in which it and its reader say how far they are. */
const RING_PAGES = 3;
/** `struct bpf_map` and what each kind has around it, about. */
const MAP_BYTES = 1024;

const BPF_F_NO_PREALLOC = 1;
const BPF_F_MMAPABLE = 1 << 10;

/**
 * Bytes that the kernel takes for a map when it is made, to within 1 KiB of what 6.18 says in /proc/PID/fdinfo. Maps
 * that grow, such as storage of sockets, take more with each entry, which is not in it.
 * @throws EbpfError `libbpf_missing`
 */
export function mapMemoryBytes(shape: MapShape): number {
  const { type, keySize, valueSize, maxEntries, flags } = shape;
  const cpus = possibleCpus();
  const value = roundUp8(valueSize);
  switch (type) {
    case "ringbuf":
      return MAP_BYTES + maxEntries + RING_PAGES * PAGE_BYTES;
    case "sk_storage":
      return MAP_BYTES;
    case "hash":
    case "lru_hash":
    case "percpu_hash":
    case "lru_percpu_hash": {
      const buckets = roundUpToPower(maxEntries) * HASH_BUCKET_BYTES;
      if ((flags & BPF_F_NO_PREALLOC) !== 0) return MAP_BYTES + buckets;
      const isPerCpu = PER_CPU.has(type);
      const held = isPerCpu ? POINTER_BYTES + value * cpus : value;
      const spare = type === "hash" ? cpus : 0;
      return MAP_BYTES + buckets + (maxEntries + spare) * (HASH_ELEMENT_BYTES + roundUp8(keySize) + held);
    }
    default: {
      const held = PER_CPU.has(type) ? POINTER_BYTES + value * cpus : value;
      const bytes = maxEntries * held;
      // Mapped memory begins on a page of its own, behind that of the map.
      return (flags & BPF_F_MMAPABLE) === 0
        ? MAP_BYTES + bytes
        : PAGE_BYTES + Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
    }
  }
}

function roundUpToPower(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, count)));
}
