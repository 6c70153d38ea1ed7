import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { checkInteger, checkText } from "./argument.ts";
import { checkElf } from "./elf.ts";
import { EbpfError, failure, misuse } from "./error.ts";
import { libbpf, openObjectBytes } from "./libbpf.ts";
import { copyMemory, withoutSignals } from "./libc.ts";
import { LoadedObject, unknownName } from "./loaded-object.ts";
import { type MapShape, readShape } from "./map-shape.ts";
import type { Pointer } from "./native.ts";
import { loadFailure, VerifierLog } from "./verifier.ts";
import { withWarnings } from "./warnings.ts";

/** A program of an object that is not loaded yet. */
export interface ProgramSpec {
  readonly name: string;
  /** The ELF section, which says the hook. */
  readonly section: string;
  /** Whether `load` will load it; off from the start for `SEC("?…")`. */
  readonly autoload: boolean;
}

/**
 * Opens a compiled BPF object (`clang -target bpf`): parses it, puts nothing in the kernel, needs no privilege.
 * Close the result, or load it, which takes it over.
 *
 * @param options.name what the kernel and messages call it; by default the file's name up to the first dot
 * @throws EbpfError `open` when the file is missing or is not a BPF object, `libbpf_missing`
 */
export function openObject(path: string | URL, options: { readonly name?: string } = {}): BpfObject {
  const file = path instanceof URL ? fileURLToPath(path) : checkText("the path of a BPF object", path);
  const name = objectName(checkText("the name of a BPF object", options.name ?? basename(file)));
  const bytes = readObject(file);
  checkElf(file, bytes);
  libbpf();
  const log = new VerifierLog();
  const { result, warnings } = withWarnings(() =>
    openObjectBytes(bytes, { object_name: name, kernel_log_buf: log.pointer, kernel_log_size: log.size }),
  );
  if (typeof result === "number") {
    log.close();
    throw failure("open", [`cannot open BPF object ${file}`, ...warnings].join(": "), result);
  }
  return new BpfObject(name, result, log);
}

/**
 * An opened object, before it is loaded: the place to size its maps, choose its programs and set its constants.
 * `load` or `close` ends it; every use after that throws `misuse`.
 */
export class BpfObject {
  readonly name: string;
  readonly #object: Pointer;
  readonly #log: VerifierLog;
  readonly #programs = new Map<string, Pointer>();
  readonly #maps = new Map<string, Pointer>();
  readonly #initialValues = new Map<Pointer, Buffer<ArrayBuffer>>();
  #ended: "loaded" | "closed" | null = null;

  /** @internal */
  constructor(name: string, object: Pointer, log: VerifierLog) {
    this.name = name;
    this.#object = object;
    this.#log = log;
    const bpf = libbpf();
    const { bpf_object__next_program: nextProgram, bpf_object__next_map: nextMap } = bpf;
    for (let at = nextProgram(object, null); at !== null; at = nextProgram(object, at)) {
      this.#programs.set(bpf.bpf_program__name(at), at);
    }
    for (let at = nextMap(object, null); at !== null; at = nextMap(object, at)) {
      this.#maps.set(readShape(at).name, at);
    }
  }

  /** The programs by C name, as they stand now. */
  get programs(): ReadonlyMap<string, ProgramSpec> {
    this.#check();
    const bpf = libbpf();
    const spec = ([name, at]: [string, Pointer]): [string, ProgramSpec] => [
      name,
      { name, section: bpf.bpf_program__section_name(at), autoload: bpf.bpf_program__autoload(at) },
    ];
    return new Map([...this.#programs].map(spec));
  }

  /** The maps by C name, or section name for those of global variables, as they stand now. */
  get maps(): ReadonlyMap<string, MapShape> {
    this.#check();
    return new Map([...this.#maps].map(([name, at]) => [name, readShape(at)]));
  }

  /** Sets how many entries a map will have, 1..2^32-1; for a ring buffer bytes, rounded up to a power of two pages. */
  setMaxEntries(map: string, entries: number): this {
    const pointer = this.#map(map);
    checkInteger("the number of entries", entries, 1, 0xffff_ffff);
    if (readShape(pointer).internal) throw misuse(`map "${map}" holds global variables: its size is fixed`);
    const result = libbpf().bpf_map__set_max_entries(pointer, entries);
    if (result < 0) throw failure("map", `cannot size map "${map}"`, result);
    return this;
  }

  /** Sets whether `load` will load a program. */
  setAutoload(program: string, on: boolean): this {
    this.#check();
    const pointer = this.#programs.get(program);
    if (pointer === undefined) throw unknownName("program", program, this.name, this.#programs.keys());
    const result = libbpf().bpf_program__set_autoload(pointer, on);
    if (result < 0) throw failure("load", `cannot set the autoload of program "${program}"`, result);
    return this;
  }

  /**
   * The initial value of global variables: `.rodata` (constants), `.data`, `.bss`. A view of one copy, which
   * is written back when the object is loaded; later writes do nothing. Throws `misuse` for any other map.
   */
  initialValue(map: string): DataView {
    const pointer = this.#map(map);
    let copy = this.#initialValues.get(pointer);
    if (copy === undefined) {
      const size = new BigUint64Array(1);
      const value = readShape(pointer).internal ? libbpf().bpf_map__initial_value(pointer, size) : null;
      if (value === null || map === ".kconfig") throw misuse(`map "${map}" has no initial value`);
      copy = copyMemory(value, Number(size[0]));
      this.#initialValues.set(pointer, copy);
    }
    return new DataView(copy.buffer, copy.byteOffset, copy.byteLength);
  }

  /**
   * Makes the maps, has the programs verified, and hands everything over to the object returned; this one is spent,
   * also when it fails. Throws `load`, whose message ends with the verifier's last words, or `not_permitted`.
   */
  load(): LoadedObject {
    this.#check();
    this.#ended = "loaded";
    const bpf = libbpf();
    try {
      for (const [map, value] of this.#initialValues) {
        const written = bpf.bpf_map__set_initial_value(map, value, value.byteLength);
        if (written < 0)
          throw failure("load", `cannot set the initial values of BPF object "${this.name}"`, written);
      }
      const { result, warnings } = withoutSignals(() =>
        withWarnings(() => bpf.bpf_object__load(this.#object)),
      );
      if (result < 0) throw loadFailure(this.name, result, this.#log.text(), warnings);
      return new LoadedObject(this.name, this.#object, this.#programs.values(), this.#maps.values());
    } catch (error) {
      bpf.bpf_object__close(this.#object);
      throw error;
    } finally {
      this.#log.close();
    }
  }

  /** Gives up an object that was not loaded. Idempotent; nothing after `load`. */
  close(): void {
    if (this.#ended !== null) return;
    this.#ended = "closed";
    libbpf().bpf_object__close(this.#object);
    this.#log.close();
  }

  #check(): void {
    if (this.#ended !== null) throw misuse(`BPF object "${this.name}" is ${this.#ended} already`);
  }

  #map(name: string): Pointer {
    this.#check();
    const pointer = this.#maps.get(name);
    if (pointer === undefined) throw unknownName("map", name, this.name, this.#maps.keys());
    return pointer;
  }
}

/** Reads the file. Throws `open` with the reason in words. */
function readObject(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const { code = null } = cause as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "there is no such file" : (cause as Error).message;
    throw new EbpfError("open", `cannot read BPF object ${file}: ${why}`, { errno: code, cause });
  }
}

/** libbpf names the maps of global variables "object.bss" and takes what follows the first dot for the section. */
function objectName(name: string): string {
  return (name.split(".")[0] || "object").replace(/[^A-Za-z0-9_]/g, "_");
}
