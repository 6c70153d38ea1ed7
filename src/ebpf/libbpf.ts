import { EbpfError } from "./error.ts";
import { functionPointer, lastErrno, loadLibrary, type Pointer, structPointer } from "./native.ts";

// libbpf's functions, as of libbpf 1.1, under their own names. Those that return int return -errno on failure; those
// that return a pointer return NULL and set errno (libbpf 1.0 and later). Option structs begin with their own size,
// so that a later libbpf, which knows more members, takes ours as they are.
//
// Callers pass pointers that libbpf gave and that are still alive, and buffers of the size that the map says:
// `BpfObject`, `BpfMap` and the others check that before they come here.

const SONAME = "libbpf.so.1";
const REMEDY = "Debian and Ubuntu: apt-get install libbpf1; Fedora: dnf install libbpf";

export interface OpenOptions {
  readonly object_name: string;
  readonly kernel_log_buf: Pointer;
  readonly kernel_log_size: number;
}

interface Libbpf {
  libbpf_set_print(callback: Pointer | null): Pointer | null;
  libbpf_major_version(): number;
  libbpf_minor_version(): number;
  libbpf_version_string(): string;
  libbpf_num_possible_cpus(): number;
  libbpf_bpf_map_type_str(type: number): string | null;

  bpf_object__open_mem(bytes: Uint8Array, size: number, options: object): Pointer | null;
  bpf_object__load(object: Pointer): number;
  bpf_object__close(object: Pointer): void;
  bpf_object__next_program(object: Pointer, previous: Pointer | null): Pointer | null;
  bpf_object__next_map(object: Pointer, previous: Pointer | null): Pointer | null;

  bpf_program__name(program: Pointer): string;
  bpf_program__section_name(program: Pointer): string;
  bpf_program__autoload(program: Pointer): boolean;
  bpf_program__set_autoload(program: Pointer, on: boolean): number;
  bpf_program__type(program: Pointer): number;
  bpf_program__expected_attach_type(program: Pointer): number;
  bpf_program__fd(program: Pointer): number;
  bpf_program__attach(program: Pointer): Pointer | null;
  bpf_program__attach_cgroup(program: Pointer, cgroupFd: number): Pointer | null;
  bpf_program__attach_iter(program: Pointer, options: object): Pointer | null;
  bpf_prog_test_run_opts(programFd: number, options: object): number;

  bpf_link__fd(link: Pointer): number;
  bpf_link__destroy(link: Pointer): number;
  bpf_iter_create(linkFd: number): number;

  bpf_map__name(map: Pointer): string;
  bpf_map__type(map: Pointer): number;
  bpf_map__fd(map: Pointer): number;
  bpf_map__key_size(map: Pointer): number;
  bpf_map__value_size(map: Pointer): number;
  bpf_map__max_entries(map: Pointer): number;
  bpf_map__set_max_entries(map: Pointer, entries: number): number;
  bpf_map__map_flags(map: Pointer): number;
  bpf_map__is_internal(map: Pointer): boolean;
  bpf_map__initial_value(map: Pointer, size: BigUint64Array): Pointer | null;
  bpf_map__set_initial_value(map: Pointer, value: Uint8Array, size: number): number;

  bpf_map_lookup_elem(fd: number, key: Uint8Array, value: Uint8Array): number;
  bpf_map_update_elem(fd: number, key: Uint8Array, value: Uint8Array, flags: number): number;
  bpf_map_delete_elem(fd: number, key: Uint8Array): number;
  bpf_map_get_next_key(fd: number, key: Uint8Array | null, next: Uint8Array): number;
  bpf_map_lookup_batch: ReadBatch;
  bpf_map_lookup_and_delete_batch: ReadBatch;
  bpf_map_update_batch(
    fd: number,
    keys: Uint8Array,
    values: Uint8Array,
    count: Uint32Array,
    options: object,
  ): number;
  bpf_map_delete_batch(fd: number, keys: Uint8Array, count: Uint32Array, options: object): number;

  bpf_obj_get_info_by_fd(fd: number, info: Uint8Array, size: Uint32Array): number;
  bpf_enable_stats(type: number): number;
}

type ReadBatch = (
  fd: number,
  from: Uint8Array | null,
  to: Uint8Array,
  keys: Uint8Array,
  values: Uint8Array,
  count: Uint32Array,
  options: null,
) => number;

const POINTER = "void *";

function bind() {
  const library = openLibrary();
  const openOptions = structPointer({
    sz: "size_t",
    object_name: "str",
    relaxed_maps: "bool",
    pin_root_path: "str",
    removed: "uint32_t",
    kconfig: "str",
    btf_custom_path: "str",
    kernel_log_buf: POINTER,
    kernel_log_size: "size_t",
    kernel_log_level: "uint32_t",
  });
  const iterOptions = structPointer({ sz: "size_t", link_info: POINTER, link_info_len: "uint32_t" });
  const runOptions = structPointer({
    sz: "size_t",
    data_in: POINTER,
    data_out: POINTER,
    data_size_in: "uint32_t",
    data_size_out: "uint32_t",
    ctx_in: POINTER,
    ctx_out: POINTER,
    ctx_size_in: "uint32_t",
    ctx_size_out: "uint32_t",
    retval: "uint32_t",
    repeat: "int",
    duration: "uint32_t",
    flags: "uint32_t",
    cpu: "uint32_t",
    batch_size: "uint32_t",
  });
  const batchOptions = structPointer({ sz: "size_t", elem_flags: "uint64_t", flags: "uint64_t" });
  const printer = functionPointer("int", ["int", POINTER, POINTER]);

  const read = ["int", POINTER, POINTER, POINTER, POINTER, POINTER, POINTER];
  const functions: Libbpf = {
    libbpf_set_print: library.func("libbpf_set_print", POINTER, [printer]),
    libbpf_major_version: library.func("libbpf_major_version", "uint32_t", []),
    libbpf_minor_version: library.func("libbpf_minor_version", "uint32_t", []),
    libbpf_version_string: library.func("libbpf_version_string", "str", []),
    libbpf_num_possible_cpus: library.func("libbpf_num_possible_cpus", "int", []),
    libbpf_bpf_map_type_str: library.func("libbpf_bpf_map_type_str", "str", ["int"]),

    bpf_object__open_mem: library.func("bpf_object__open_mem", POINTER, [
      POINTER,
      "size_t",
      openOptions.type,
    ]),
    bpf_object__load: library.func("bpf_object__load", "int", [POINTER]),
    bpf_object__close: library.func("bpf_object__close", "void", [POINTER]),
    bpf_object__next_program: library.func("bpf_object__next_program", POINTER, [POINTER, POINTER]),
    bpf_object__next_map: library.func("bpf_object__next_map", POINTER, [POINTER, POINTER]),

    bpf_program__name: library.func("bpf_program__name", "str", [POINTER]),
    bpf_program__section_name: library.func("bpf_program__section_name", "str", [POINTER]),
    bpf_program__autoload: library.func("bpf_program__autoload", "bool", [POINTER]),
    bpf_program__set_autoload: library.func("bpf_program__set_autoload", "int", [POINTER, "bool"]),
    bpf_program__type: library.func("bpf_program__type", "int", [POINTER]),
    bpf_program__expected_attach_type: library.func("bpf_program__expected_attach_type", "int", [POINTER]),
    bpf_program__fd: library.func("bpf_program__fd", "int", [POINTER]),
    bpf_program__attach: library.func("bpf_program__attach", POINTER, [POINTER]),
    bpf_program__attach_cgroup: library.func("bpf_program__attach_cgroup", POINTER, [POINTER, "int"]),
    bpf_program__attach_iter: library.func("bpf_program__attach_iter", POINTER, [POINTER, iterOptions.type]),
    bpf_prog_test_run_opts: library.func("bpf_prog_test_run_opts", "int", ["int", runOptions.type]),

    bpf_link__fd: library.func("bpf_link__fd", "int", [POINTER]),
    bpf_link__destroy: library.func("bpf_link__destroy", "int", [POINTER]),
    bpf_iter_create: library.func("bpf_iter_create", "int", ["int"]),

    bpf_map__name: library.func("bpf_map__name", "str", [POINTER]),
    bpf_map__type: library.func("bpf_map__type", "int", [POINTER]),
    bpf_map__fd: library.func("bpf_map__fd", "int", [POINTER]),
    bpf_map__key_size: library.func("bpf_map__key_size", "uint32_t", [POINTER]),
    bpf_map__value_size: library.func("bpf_map__value_size", "uint32_t", [POINTER]),
    bpf_map__max_entries: library.func("bpf_map__max_entries", "uint32_t", [POINTER]),
    bpf_map__set_max_entries: library.func("bpf_map__set_max_entries", "int", [POINTER, "uint32_t"]),
    bpf_map__map_flags: library.func("bpf_map__map_flags", "uint32_t", [POINTER]),
    bpf_map__is_internal: library.func("bpf_map__is_internal", "bool", [POINTER]),
    bpf_map__initial_value: library.func("bpf_map__initial_value", POINTER, [POINTER, POINTER]),
    bpf_map__set_initial_value: library.func("bpf_map__set_initial_value", "int", [
      POINTER,
      POINTER,
      "size_t",
    ]),

    bpf_map_lookup_elem: library.func("bpf_map_lookup_elem", "int", ["int", POINTER, POINTER]),
    bpf_map_update_elem: library.func("bpf_map_update_elem", "int", ["int", POINTER, POINTER, "uint64_t"]),
    bpf_map_delete_elem: library.func("bpf_map_delete_elem", "int", ["int", POINTER]),
    bpf_map_get_next_key: library.func("bpf_map_get_next_key", "int", ["int", POINTER, POINTER]),
    bpf_map_lookup_batch: library.func("bpf_map_lookup_batch", "int", read),
    bpf_map_lookup_and_delete_batch: library.func("bpf_map_lookup_and_delete_batch", "int", read),
    bpf_map_update_batch: library.func("bpf_map_update_batch", "int", [
      "int",
      POINTER,
      POINTER,
      POINTER,
      batchOptions.type,
    ]),
    bpf_map_delete_batch: library.func("bpf_map_delete_batch", "int", [
      "int",
      POINTER,
      POINTER,
      batchOptions.type,
    ]),

    bpf_obj_get_info_by_fd: library.func("bpf_obj_get_info_by_fd", "int", ["int", POINTER, POINTER]),
    bpf_enable_stats: library.func("bpf_enable_stats", "int", ["int"]),
  };
  functions.libbpf_set_print(null); // it writes to stderr unless told otherwise
  return {
    functions,
    printer,
    sizes: { open: openOptions.size, iter: iterOptions.size, run: runOptions.size, batch: batchOptions.size },
  };
}

function openLibrary() {
  try {
    return loadLibrary(SONAME);
  } catch (cause) {
    if (cause instanceof EbpfError) throw cause;
    throw new EbpfError("libbpf_missing", `${SONAME} cannot be loaded. ${REMEDY}`, { cause });
  }
}

let bound: ReturnType<typeof bind> | undefined;
function binding(): ReturnType<typeof bind> {
  bound ??= bind();
  return bound;
}

/** libbpf's functions; opens the library on the first call (throws `libbpf_missing`). */
export function libbpf(): Libbpf {
  return binding().functions;
}

/** The type of libbpf's print callback: `int (enum libbpf_print_level, const char *format, va_list)`. */
export function printerType() {
  return binding().printer;
}

/** `bpf_object__open_mem`; the object, or `-errno`. */
export function openObjectBytes(bytes: Uint8Array, options: OpenOptions): Pointer | number {
  const filled = {
    sz: binding().sizes.open,
    object_name: options.object_name,
    relaxed_maps: false,
    pin_root_path: null,
    removed: 0,
    kconfig: null,
    btf_custom_path: null,
    kernel_log_buf: options.kernel_log_buf,
    kernel_log_size: options.kernel_log_size,
    kernel_log_level: 0, // silent at first; on failure libbpf loads again at level 1 into the buffer
  };
  return orErrno(libbpf().bpf_object__open_mem(bytes, bytes.byteLength, filled));
}

/** `bpf_program__attach_iter` with a `union bpf_iter_link_info`, or with none; the link, or `-errno`. */
export function attachIterator(program: Pointer, linkInfo: Uint8Array | null): Pointer | number {
  const options = {
    sz: binding().sizes.iter,
    link_info: linkInfo,
    link_info_len: linkInfo?.byteLength ?? 0,
  };
  return orErrno(libbpf().bpf_program__attach_iter(program, options));
}

/** `bpf_prog_test_run_opts` once, without input; 0, or `-errno`. */
export function runProgram(programFd: number): number {
  const options = {
    sz: binding().sizes.run,
    data_in: null,
    data_out: null,
    data_size_in: 0,
    data_size_out: 0,
    ctx_in: null,
    ctx_out: null,
    ctx_size_in: 0,
    ctx_size_out: 0,
    retval: 0,
    repeat: 0,
    duration: 0,
    flags: 0,
    cpu: 0,
    batch_size: 0,
  };
  return libbpf().bpf_prog_test_run_opts(programFd, options);
}

/** `struct bpf_map_batch_opts` with these element flags. */
export function batchOptions(elementFlags: number): object {
  return { sz: binding().sizes.batch, elem_flags: elementFlags, flags: 0 };
}

/** A pointer as it came, or `-errno` in the place of NULL. To be called on the result itself, before errno changes. */
export function orErrno(pointer: Pointer | null): Pointer | number {
  return pointer ?? -lastErrno();
}
