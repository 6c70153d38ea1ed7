import { appendFileSync } from "node:fs";

const LEVELS = ["debug", "info", "warn", "error", "off"] as const;

export type LogLevel = (typeof LEVELS)[number];

export interface LogOptions {
  /** Empty for stderr. Opened for every line, so that it can be moved away and is made anew. */
  readonly file: string;
  readonly level: LogLevel;
  /** For stderr; makes control characters visible. */
  formatSafe(text: string): string;
}

/** Writes a line for people; a log file that takes nothing is replaced by stderr. */
export function createLog({ file, level, formatSafe }: LogOptions) {
  return (of: Exclude<LogLevel, "off">, text: string): void => {
    if (LEVELS.indexOf(of) < LEVELS.indexOf(level)) return;
    const line = formatSafe(text);
    if (file !== "") {
      try {
        appendFileSync(file, `${new Date().toISOString()} ${of} ${line}\n`, { mode: 0o600 });
        return;
      } catch {}
    }
    process.stderr.write(`npmon: ${line}\n`);
  };
}
