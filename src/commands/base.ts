import { Command, Errors } from "@oclif/core";
import { ConfigError, problemToJson } from "../config/problem.ts";
import { NpmonError } from "../error/error.ts";
import { formatSafe, stringifySafe } from "../view/text.ts";

// oclif throws what goes wrong on standard output out of an event, where nobody can catch it. Whoever writes learns it
// from the write; the listener only keeps Node from throwing.
process.stdout.removeAllListeners("error");
process.stdout.on("error", () => {});

/** What every npmon command does alike: how it ends, by error or by signal. */
export abstract class NpmonCommand extends Command {
  protected override async catch(error: unknown): Promise<never> {
    exitWith(error, this.argv.includes("--json"));
  }

  /** Aborts on the first SIGINT, SIGTERM or SIGHUP, so that what was collected is shown; the second one exits at once. */
  protected abortOnSignals(): AbortController {
    const controller = new AbortController();
    for (const [signal, number] of [
      ["SIGINT", 2],
      ["SIGTERM", 15],
      ["SIGHUP", 1],
    ] as const) {
      process.on(signal, () => {
        if (controller.signal.aborted) process.exit(128 + number);
        controller.abort();
      });
    }
    return controller;
  }
}

/** Ends the process with the error in one line, what to do about it in a second one, and the documented exit code. */
export function exitWith(error: unknown, asJson: boolean): never {
  const known = toNpmonError(error);
  const { message, remedy, code, exitCode } = known;
  if (asJson) {
    const problems = known instanceof ConfigError ? { problems: known.problems.map(problemToJson) } : {};
    const json = { code, message, remedy, exit_code: exitCode, ...problems };
    process.stderr.write(`${stringifySafe({ error: json })}\n`);
  } else {
    process.stderr.write(`npmon: ${formatSafe(message)}\n`);
    const details = known instanceof ConfigError ? known.details : [];
    for (const line of details) process.stderr.write(`  ${formatSafe(line)}\n`);
    if (remedy !== "") process.stderr.write(`  ${formatSafe(remedy)}\n`);
  }
  if (process.env.NPMON_DEBUG !== undefined) process.stderr.write(`${(error as Error)?.stack}\n`);
  process.exit(exitCode);
}

/** oclif puts this around the message of whatever a flag's own parser throws. */
const PARSER_FRAME = /^Parsing --\S+ \n\t|\nSee more help with --help$/g;

/** What the argument parser throws is a usage error; anything else unexpected is ours. */
function toNpmonError(error: unknown): NpmonError {
  if (error instanceof NpmonError) {
    error.message = error.message.replace(PARSER_FRAME, "");
    return error;
  }
  if (error instanceof Errors.CLIError) {
    const message = error.message
      .replace(PARSER_FRAME, "")
      .replace(/^The following errors? occurred:\s*/, "")
      .trim()
      .replaceAll(/\s*\n\s*/g, "; ");
    return new NpmonError(
      "usage",
      message,
      "`npmon --help` and `npmon COMMAND --help` list what there is.",
      error,
    );
  }
  const message = error instanceof Error ? error.message : String(error);
  return new NpmonError(
    "internal",
    `unexpected: ${message}`,
    "This is a fault of npmon; NPMON_DEBUG=1 shows where it came from.",
    error,
  );
}
