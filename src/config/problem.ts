import { NpmonError } from "../error/error.ts";

/** Where something was written. */
export type Origin =
  | { readonly kind: "default" }
  | { readonly kind: "file"; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: "environment"; readonly name: string }
  | { readonly kind: "flag"; readonly name: string };

/** Something wrong with the configuration, or odd when it is a warning. */
export interface Problem {
  readonly origin: Origin;
  /** `npmon.interval`; null where it is no matter of one key. */
  readonly key: string | null;
  /** What was found and what would fit, or what is wrong; one line, printable. */
  readonly message: string;
}

/** Beyond these a person reads on in the file. */
const MAX_SHOWN = 50;

/** `FILE:3:12`, `environment NPMON_INTERVAL`, `--probe` */
export function formatOrigin(origin: Origin): string {
  switch (origin.kind) {
    case "default":
      return "default";
    case "file":
      return `${origin.file}:${origin.line}:${origin.column}`;
    case "environment":
      return `environment ${origin.name}`;
    case "flag":
      return origin.name;
  }
}

/** One line: where, which key, what is wrong and what would do. */
export function formatProblem({ origin, key, message }: Problem): string {
  return `${formatOrigin(origin)}: ${key === null ? "" : `${key}: `}${message}`;
}

/** `{file, line, column, key, message}`, or `{environment, …}`, `{flag, …}`, as programs read it. */
export function problemToJson({ origin, key, message }: Problem): Readonly<Record<string, unknown>> {
  return { ...originToJson(origin), key, message };
}

/** Where it was written, as programs read it. */
export function originToJson(origin: Origin): Readonly<Record<string, unknown>> {
  switch (origin.kind) {
    case "default":
      return {};
    case "file":
      return { file: origin.file, line: origin.line, column: origin.column };
    case "environment":
      return { environment: origin.name };
    case "flag":
      return { flag: origin.name };
  }
}

/** The configuration cannot be used. All that is wrong with it is in `problems`, in the order of the file. */
export class ConfigError extends NpmonError {
  readonly problems: readonly Problem[];

  /** @param problems at least one */
  constructor(problems: readonly Problem[], remedy: string) {
    const [first] = problems;
    const message =
      problems.length === 1 && first !== undefined
        ? formatProblem(first)
        : `the configuration has ${problems.length} problems`;
    super("config", message, remedy);
    this.problems = problems;
  }

  /** What a person has to read besides `message`; empty when that says it all. */
  get details(): readonly string[] {
    if (this.problems.length === 1) return [];
    const shown = this.problems.slice(0, MAX_SHOWN).map(formatProblem);
    const left = this.problems.length - shown.length;
    return left === 0 ? shown : [...shown, `and ${left} more`];
  }
}
