import { appendFileSync, constants } from "node:fs";

const LEVELS = ["debug", "info", "warn", "error", "off"] as const;

export type LogLevel = (typeof LEVELS)[number];

export interface LogOptions {
  /** Empty for stderr. Opened for every line, so that it can be moved away and is made anew. */
  readonly file: string;
  readonly level: LogLevel;
  /** For stderr; makes control characters visible. */
  formatSafe(text: string): string;
}

/** A named pipe that nobody reads must not hold up anything. */
const FLAG = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

/** Writes a line for people; a log file that takes nothing is replaced by stderr, where it is said once why. */
export function createLog({ file, level, formatSafe }: LogOptions) {
  let saidTrouble = "";
  return (of: Exclude<LogLevel, "off">, text: string): void => {
    if (LEVELS.indexOf(of) < LEVELS.indexOf(level)) return;
    const line = formatSafe(text);
    if (file !== "") {
      try {
        appendFileSync(file, `${new Date().toISOString()} ${of} ${line}\n`, {
          mode: 0o600,
          flag: FLAG as unknown as string,
        });
        saidTrouble = "";
        return;
      } catch (error) {
        const trouble = `cannot write the log: ${error instanceof Error ? error.message : String(error)}`;
        if (trouble !== saidTrouble) process.stderr.write(`npmon: ${formatSafe(trouble)}\n`);
        saidTrouble = trouble;
      }
    }
    process.stderr.write(`npmon: ${line}\n`);
  };
}
