import { possibleCpus } from "./kernel.ts";
import { libbpf } from "./libbpf.ts";
import type { Pointer } from "./native.ts";

/** What a map is, as its object declares it or, once loaded, as the kernel has it. Sizes in bytes. */
export interface MapShape {
  /** As in the C source; libbpf's own maps go by their section: `.bss`, `.data`, `.rodata`. */
  readonly name: string;
  /** libbpf's word: `hash`, `array`, `ringbuf`, `sk_storage`, `percpu_array` … */
  readonly type: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_ flags, such as BPF_F_MMAPABLE. */
  readonly flags: number;
  /** Made by libbpf out of global variables. */
  readonly internal: boolean;
}

/** Reads the shape from libbpf. */
export function readShape(map: Pointer): MapShape {
  const bpf = libbpf();
  const type = bpf.bpf_map__type(map);
  const internal = bpf.bpf_map__is_internal(map);
  const name = bpf.bpf_map__name(map);
  return {
    // "object.bss" in libbpf; the object's name has no dot, see objectName()
    name: internal ? name.slice(name.indexOf(".")) : name,
    type: bpf.libbpf_bpf_map_type_str(type) ?? `type ${type}`,
    keySize: bpf.bpf_map__key_size(map),
    valueSize: bpf.bpf_map__value_size(map),
    maxEntries: bpf.bpf_map__max_entries(map),
    flags: bpf.bpf_map__map_flags(map),
    internal,
  };
}

export const PER_CPU: ReadonlySet<string> = new Set([
  "percpu_hash",
  "percpu_array",
  "lru_percpu_hash",
  "percpu_cgroup_storage",
]);

const OF_DESCRIPTORS: ReadonlySet<string> = new Set([
  "prog_array",
  "perf_event_array",
  "cgroup_array",
  "array_of_maps",
  "hash_of_maps",
]);

/**
 * Bytes of one value as the kernel copies it to and from user space (`bpf_map_value_size` in kernel/bpf/syscall.c):
 * per-CPU maps hold a value for every possible CPU, each rounded up to 8; maps of descriptors give an id.
 */
export function userValueSize(shape: MapShape): number {
  if (PER_CPU.has(shape.type)) return roundUp8(shape.valueSize) * possibleCpus();
  return OF_DESCRIPTORS.has(shape.type) ? 4 : shape.valueSize;
}

export function roundUp8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
