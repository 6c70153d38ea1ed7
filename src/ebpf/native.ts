/**
 * The one door to native code: no other file imports koffi. It is opened on the first call, not on import, because
 * loading koffi costs tens of milliseconds that `--help` should not pay.
 *
 * Nothing here checks what is called with what; the files that bind functions (`libc.ts`, `libbpf.ts`) do, and
 * only they may use this one.
 */
import { createRequire } from "node:module";
import { EbpfError } from "./error.ts";

type Koffi = typeof import("koffi");
type LibraryHandle = import("koffi").LibraryHandle;
type TypeObject = import("koffi").TypeObject;

/** An address in native memory, as koffi 3 gives it. NULL is `null`. */
export type Pointer = bigint;

let koffi: Koffi | undefined;

function door(): Koffi {
  if (koffi !== undefined) return koffi;
  try {
    koffi = createRequire(import.meta.url)("koffi") as Koffi;
  } catch (cause) {
    throw new EbpfError("system", "koffi cannot be loaded; install the dependencies again with `npm ci`", {
      cause,
    });
  }
  return koffi;
}

/** Opens a shared library by its soname for the life of the process; `null` is the process itself with its C library. */
export function loadLibrary(soname: string | null): LibraryHandle {
  return door().load(soname);
}

/** A C struct passed by pointer. Members in order; koffi lays them out as C would. */
export function structPointer(members: Record<string, string>): {
  readonly type: TypeObject;
  readonly size: number;
} {
  const struct = door().struct(members);
  return { type: door().pointer(struct), size: door().sizeof(struct) };
}

/** The type of a pointer to a C function. */
export function functionPointer(result: string, parameters: string[]): TypeObject {
  return door().pointer(door().proto(result, parameters));
}

/** Makes a JavaScript function callable from C, on this thread, while `use` runs. It must not throw. */
export function withCallback<T>(
  type: TypeObject,
  callback: (...values: never[]) => number,
  use: (pointer: Pointer) => T,
): T {
  const pointer = door().register(callback, type);
  try {
    return use(pointer);
  } finally {
    door().unregister(pointer);
  }
}

/** The C `errno`. Only meaningful immediately after a native call that failed. */
export function lastErrno(): number {
  return door().errno();
}

/** Native memory as an ArrayBuffer, without a copy. The memory must stay mapped for as long as anyone has the buffer. */
export function viewMemory(pointer: Pointer, length: number): ArrayBuffer {
  return door().view(pointer, length);
}
