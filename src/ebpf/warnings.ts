import { isMainThread } from "node:worker_threads";
import { libbpf, printerType } from "./libbpf.ts";
import { formatVariadic } from "./libc.ts";
import { type Pointer, withCallback } from "./native.ts";

const LIBBPF_WARN = 0;

/**
 * Runs one call into libbpf and keeps the warnings it would have printed, oldest first, without their `libbpf: `.
 * They are the only place where libbpf says which program or map it failed on, and why when the verifier was never
 * reached. The rest of the time libbpf has no printer at all.
 *
 * The printer is one for the whole process, so a worker thread must not set its own: there nothing is kept.
 */
export function withWarnings<T>(call: () => T): { readonly result: T; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  if (!isMainThread) return { result: call(), warnings };
  const { libbpf_set_print } = libbpf();
  const print = (level: number, format: Pointer, values: Pointer): number => {
    if (level === LIBBPF_WARN)
      warnings.push(
        formatVariadic(format, values)
          .trim()
          .replace(/^libbpf: /, ""),
      );
    return 0;
  };
  const result = withCallback(printerType(), print, (pointer) => {
    libbpf_set_print(pointer);
    try {
      return call();
    } finally {
      libbpf_set_print(null);
    }
  });
  return { result, warnings };
}
