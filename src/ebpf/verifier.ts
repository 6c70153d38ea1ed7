import { describeErrno, EbpfError, failure } from "./error.ts";
import { copyText, mapZeroes, unmap } from "./libc.ts";
import type { Pointer } from "./native.ts";

/** The most that every kernel since 5.2 takes as a log size (UINT_MAX >> 8). Untouched pages cost nothing. */
const LOG_BYTES = 0xff_ffff;
const LAST_WORDS = 3;

/** Native memory where the kernel's verifier writes; lives from before an object is opened until it is loaded. */
export class VerifierLog {
  readonly size = LOG_BYTES;
  readonly pointer: Pointer;
  #open = true;

  constructor() {
    const address = mapZeroes(LOG_BYTES);
    if (typeof address === "number")
      throw failure("system", "cannot get memory for the verifier's log", address);
    this.pointer = address;
  }

  /** What has been written so far; empty unless a program was refused. */
  text(): string {
    return this.#open ? copyText(this.pointer, LOG_BYTES) : "";
  }

  /** Idempotent. libbpf must not be asked to load after this. */
  close(): void {
    if (this.#open) unmap(this.pointer, LOG_BYTES);
    this.#open = false;
  }
}

/** The lines in which the verifier says why: the last ones, without its statistics. Empty for an empty log. */
export function lastWords(log: string): readonly string[] {
  return log
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !STATISTICS.test(line))
    .slice(-LAST_WORDS);
}

const STATISTICS =
  /^(processed \d+ insns|verification time|stack depth|insns processed|peak_states|mark_read)\b/;

/**
 * Why a load failed. The program is the one that libbpf's warnings name; the reason is the verifier's, and where it
 * was never reached libbpf's.
 */
export function loadFailure(
  object: string,
  negativeErrno: number,
  log: string,
  warnings: readonly string[],
): EbpfError {
  const program = failedProgram(warnings);
  const item = program === null ? `BPF object "${object}"` : `BPF program "${program}"`;
  const { name, text } = describeErrno(negativeErrno);
  const forbidden = name === "EPERM";
  const why = log === "" || forbidden ? text : "the kernel's verifier refused it";
  const first = `cannot load ${item}: ${why} (${name})${forbidden ? PERMISSIONS : ""}`;
  const words = log === "" ? libbpfWords(warnings) : lastWords(log);
  return new EbpfError(forbidden ? "not_permitted" : "load", [first, ...words].join("\n  "), {
    errno: name,
    program,
    verifierLog: log,
  });
}

const PERMISSIONS =
  "; it takes root, or CAP_BPF with CAP_PERFMON, and a kernel that has this kind of program";

function failedProgram(warnings: readonly string[]): string | null {
  for (const warning of warnings) {
    const match = /^prog '([^']+)'/.exec(warning);
    if (match?.[1] !== undefined) return match[1];
  }
  return null;
}

/** The first warnings are the cause; the later ones only say that each step above failed too. */
function libbpfWords(warnings: readonly string[]): readonly string[] {
  return warnings.filter((line) => !AFTERMATH.test(line)).slice(0, LAST_WORDS);
}

const AFTERMATH = /failed to load object|: failed to (load|prepare load attributes): -\d+$/;
