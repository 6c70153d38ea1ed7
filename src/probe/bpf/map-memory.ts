import { mapMemoryBytes } from "../../ebpf/index.ts";
import { chooseWays } from "./choice.ts";
import { configure, firstTries, type LoadOptions } from "./load.ts";

/** Memory that the kernel takes for a tier's maps while it is loaded. */
export interface MapMemory {
  readonly totalBytes: number;
  /** The most expensive first. */
  readonly maps: readonly { readonly name: string; readonly bytes: number }[];
}

/**
 * What a tier would take, from the definitions in the object, before anything is allocated. Connections beyond the
 * capacity come on top, some 200 bytes for each.
 * @throws EbpfError `libbpf_missing`, `open`
 */
export function measureMapMemory(options: LoadOptions): MapMemory {
  const object = configure(chooseWays(firstTries(options)).programs, options);
  try {
    const maps = [...object.maps.values()]
      .map((shape) => ({ name: shape.name, bytes: mapMemoryBytes(shape) }))
      .toSorted((a, b) => b.bytes - a.bytes);
    return { totalBytes: maps.reduce((sum, { bytes }) => sum + bytes, 0), maps };
  } finally {
    object.close();
  }
}
