import assert from "node:assert/strict";
import { npmon } from "../commands/npmon.ts";
import { endIntake, startIntake } from "../intake/start-intake.ts";
import { spreadOf } from "./spread.ts";
import type { Cell, Table } from "./table.ts";

const ROUNDS = 5;

/** What is asked, as it is typed. */
export interface TypedQuestion {
  readonly words: string;
  readonly groupBy: string;
  readonly filter: string;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** `npmon query` as a person meets it: from the start of the command to its end, Node's own start with it. */
export async function queryTable(folder: string, question: TypedQuestion): Promise<Table> {
  const intake = await startIntake(["--data", folder, "--retention", "6d"]);
  const rows: Cell[][] = [];
  try {
    rows.push([`through an intake: ${question.words}`, ...(await ask(["--intake", intake.url], question))]);
  } finally {
    await endIntake(intake, "SIGKILL");
  }
  rows.push([`with --data: ${question.words}`, ...(await ask(["--data", folder], question))]);
  rows.push(["`npmon --version`, which asks nothing", ...(await timed(["--version"])), null]);
  return {
    title: "history: `npmon query` from its start to its end",
    columns: ["command", "s", "rows of the answer"],
    rows,
    notes: ["The best that a question can take is what `npmon --version` takes."],
  };
}

async function ask(where: readonly string[], question: TypedQuestion): Promise<Cell[]> {
  const time = (ms: number) => new Date(ms).toISOString();
  const when = ["--since", time(question.sinceMs), "--until", time(question.untilMs)];
  const what = ["-g", question.groupBy, "-f", question.filter, "--csv", "--no-header", "--quiet"];
  let found = 0;
  const seconds = await timed(["query", ...where, ...when, ...what], (stdout) => {
    found = stdout.trim().split("\n").length;
  });
  return [...seconds, found];
}

async function timed(args: readonly string[], look = (_stdout: string) => {}): Promise<Cell[]> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    const { status, stdout, stderr } = await npmon(args);
    times.push((performance.now() - started) / 1000);
    assert.equal(status, 0, stderr);
    look(stdout);
  }
  return [spreadOf(times)];
}
