import { Command, Errors } from "@oclif/core";
import { ConfigError, problemToJson } from "../config/problem.ts";
import { NpmonError } from "../error/error.ts";
import { QueryError } from "../query/query-text.ts";
import { openPatientWriter } from "../sink/patient-writer.ts";
import { formatSafe, stringifySafe } from "../view/text.ts";
import { protectDashValues } from "./dash-value.ts";

// oclif throws what goes wrong on standard output out of an event, where nobody can catch it. Whoever writes learns it
// from the write; the listener only keeps Node from throwing.
process.stdout.removeAllListeners("error");
process.stdout.on("error", () => {});

/** What every npmon command does alike: how it ends, by error or by signal. */
export abstract class NpmonCommand extends Command {
  protected override async init(): Promise<void> {
    this.argv = protectDashValues(this.argv);
    await super.init();
  }

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
  const place = known instanceof QueryError ? known : null;
  const config = known instanceof ConfigError ? known : null;
  if (asJson) {
    const column = place === null ? {} : { column: place.column };
    const problems = config === null ? {} : { problems: config.problems.map(problemToJson) };
    const json = { code, message, remedy, exit_code: exitCode, ...column, ...problems };
    sayLast(`${stringifySafe({ error: json })}\n`);
  } else {
    // a person sees the place, a log gets the lines that it always gets
    const caret = place !== null && process.stderr.isTTY ? [place.caret.text, place.caret.marker] : [];
    const details = [...caret, ...(config?.details ?? []), remedy].filter((line) => line !== "");
    const more = details.map((line) => `  ${formatSafe(line)}\n`);
    sayLast(`npmon: ${formatSafe(message)}\n${more.join("")}`);
  }
  if (process.env.NPMON_DEBUG !== undefined) sayLast(`${(error as Error)?.stack}\n`);
  process.exit(exitCode);
}

/** How long a terminal that takes nothing is waited for with the last words, ms. */
const PATIENCE_MS = 200;

/** On stderr. A terminal stopped with Ctrl-S must not keep npmon from ending. */
function sayLast(words: string): void {
  const terminal = process.stderr.isTTY ? openPatientWriter(process.stderr.fd) : null;
  if (terminal === null) {
    process.stderr.write(words);
    return;
  }
  terminal.write(words);
  terminal.finish(PATIENCE_MS);
  terminal.close();
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
