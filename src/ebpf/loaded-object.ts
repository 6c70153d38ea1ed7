import { misuse } from "./error.ts";
import { libbpf } from "./libbpf.ts";
import { Lifetime } from "./lifetime.ts";
import { BpfMap } from "./map.ts";
import type { Pointer } from "./native.ts";
import { Program } from "./program.ts";

/**
 * An object whose maps and programs are in the kernel. Nothing is attached yet. Close it: that closes every link,
 * iterator, mapping and ring buffer opened through it, and then the programs and maps.
 */
export class LoadedObject {
  readonly name: string;
  readonly #object: Pointer;
  readonly #lifetime: Lifetime;
  readonly #programs = new Map<string, Program>();
  readonly #maps = new Map<string, BpfMap>();

  /** @internal */
  constructor(name: string, object: Pointer, programs: Iterable<Pointer>, maps: Iterable<Pointer>) {
    this.name = name;
    this.#object = object;
    this.#lifetime = new Lifetime(`BPF object "${name}"`);
    for (const pointer of programs) {
      const program = new Program(pointer, this.#lifetime);
      this.#programs.set(program.name, program);
    }
    for (const pointer of maps) {
      const map = new BpfMap(pointer, this.#lifetime);
      this.#maps.set(map.name, map);
    }
  }

  /** The program with this C name. Throws `misuse` where there is none. */
  program(name: string): Program {
    return this.#find("program", this.#programs, name);
  }

  /** The map with this C name, or this section name (`.bss`). Throws `misuse` where there is none. */
  map(name: string): BpfMap {
    return this.#find("map", this.#maps, name);
  }

  /** Idempotent. */
  close(): void {
    if (this.#lifetime.end()) libbpf().bpf_object__close(this.#object);
  }

  #find<T>(kind: string, from: ReadonlyMap<string, T>, name: string): T {
    this.#lifetime.check();
    const found = from.get(name);
    if (found === undefined) throw unknownName(kind, name, this.name, from.keys());
    return found;
  }
}

/** `misuse` that lists what there is. */
export function unknownName(kind: string, name: string, object: string, known: Iterable<string>) {
  return misuse(
    `BPF object "${object}" has no ${kind} "${name}"; it has: ${[...known].join(", ") || "none"}`,
  );
}
