/**
 * The errors a person can meet. Every one says in one line what is wrong and, where something can be done, what
 * would mend it. `code` is stable and appears in `--json` errors; `exitCode` is the documented process exit code.
 */
export type ErrorCode =
  | "usage"
  | "privilege"
  | "unsupported"
  | "libbpf_missing"
  | "bpf_load"
  | "config"
  | "input_file"
  | "output_file"
  | "store"
  | "intake"
  | "internal";

const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  usage: 2,
  privilege: 3,
  unsupported: 4,
  libbpf_missing: 1,
  bpf_load: 1,
  config: 1,
  input_file: 1,
  output_file: 1,
  store: 1,
  intake: 1,
  internal: 1,
};

export class NpmonError extends Error {
  override readonly name = "NpmonError";
  readonly code: ErrorCode;
  /** What the reader can do about it, a full sentence; empty when nothing is known to help. */
  readonly remedy: string;

  constructor(code: ErrorCode, message: string, remedy = "", cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.remedy = remedy;
  }

  get exitCode(): number {
    return EXIT_CODES[this.code];
  }
}
