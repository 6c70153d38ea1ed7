import { getSystemErrorMap } from "node:util";

/**
 * `libbpf_missing`: no libbpf.so.1 on this host. `not_permitted`: the kernel said EPERM. `open`: the object file is
 * missing or is not one. `load`: the kernel or libbpf refused it. `attach`, `map`, `iterator`, `run`: a step on a
 * loaded object failed. `misuse`: the caller's mistake, found before anything native was touched. `system`: anything else.
 */
export type EbpfErrorCode =
  | "libbpf_missing"
  | "not_permitted"
  | "open"
  | "load"
  | "attach"
  | "map"
  | "iterator"
  | "run"
  | "misuse"
  | "system";

/** What is known of a failure beyond its message. */
export interface EbpfErrorDetails {
  readonly errno?: string | null;
  readonly program?: string | null;
  readonly verifierLog?: string;
  readonly cause?: unknown;
}

/** The one error this library throws. `code` is stable; the message says what, why and, where known, the remedy. */
export class EbpfError extends Error {
  override readonly name = "EbpfError";
  readonly code: EbpfErrorCode;
  /** Symbolic error number such as `EACCES`, `ENOTSUPP` or `LIBBPF_ERRNO__FORMAT`; `null` where there was none. */
  readonly errno: string | null;
  /** The BPF program concerned, on load and attach errors; `null` where none is, and for loads in a worker thread. */
  readonly program: string | null;
  /** Everything the kernel's verifier wrote, on load errors; empty when it wrote nothing. */
  readonly verifierLog: string;

  constructor(code: EbpfErrorCode, message: string, details: EbpfErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.errno = details.errno ?? null;
    this.program = details.program ?? null;
    this.verifierLog = details.verifierLog ?? "";
  }
}

/** A mistake of the caller; nothing native has been called. */
export function misuse(message: string): EbpfError {
  return new EbpfError("misuse", message);
}

/**
 * The error for a call that returned `-errno` (libbpf 1.x and the kernel agree on this). EPERM becomes
 * `not_permitted` whatever the step was.
 */
export function failure(
  code: EbpfErrorCode,
  what: string,
  negativeErrno: number,
  details: EbpfErrorDetails = {},
): EbpfError {
  const { name, text } = describeErrno(negativeErrno);
  const permitted = name !== "EPERM";
  return new EbpfError(permitted ? code : "not_permitted", `${what}: ${text} (${name})`, {
    ...details,
    errno: name,
  });
}

/** Numbers that are not in the C library: the kernel's ENOTSUPP, and libbpf's own (`enum libbpf_errno`, libbpf 1.1). */
const OTHER_ERRNOS: ReadonlyMap<number, readonly [name: string, text: string]> = new Map([
  [524, ["ENOTSUPP", "not supported by this kernel"]],
  [4000, ["LIBBPF_ERRNO__LIBELF", "libelf cannot read it"]],
  [4001, ["LIBBPF_ERRNO__FORMAT", "the BPF object's format is invalid"]],
  [4002, ["LIBBPF_ERRNO__KVERSION", "the version section is missing or wrong"]],
  [4003, ["LIBBPF_ERRNO__ENDIAN", "the byte order is another machine's"]],
  [4004, ["LIBBPF_ERRNO__INTERNAL", "internal error in libbpf"]],
  [4005, ["LIBBPF_ERRNO__RELOC", "a relocation failed"]],
  [4006, ["LIBBPF_ERRNO__LOAD", "the program cannot be loaded"]],
  [4007, ["LIBBPF_ERRNO__VERIFY", "the kernel's verifier refused the program"]],
  [4008, ["LIBBPF_ERRNO__PROG2BIG", "the program is too big"]],
  [4009, ["LIBBPF_ERRNO__KVER", "the kernel version is wrong"]],
  [4010, ["LIBBPF_ERRNO__PROGTYPE", "the kernel does not know this program type"]],
]);

/** `-13` → `EACCES`, "permission denied". */
export function describeErrno(negativeErrno: number): { readonly name: string; readonly text: string } {
  const known = getSystemErrorMap().get(negativeErrno) ?? OTHER_ERRNOS.get(-negativeErrno);
  return known === undefined
    ? { name: `errno ${-negativeErrno}`, text: "unknown error" }
    : { name: known[0], text: known[1] };
}
