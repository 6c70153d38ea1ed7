import { existsSync } from "node:fs";
import { NpmonError } from "../error/error.ts";
import { isWholeView } from "../flow/tags.ts";
import { Player } from "../monitor/player.ts";
import { formatGroupBy } from "../query/group-by.ts";
import { type Output, openOutputFile } from "../sink/output.ts";
import { openPatientWriter } from "../sink/patient-writer.ts";
import { countLines } from "../snapshot/lines.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { showsUnicode, toAscii } from "../view/ascii.ts";
import type { ColorDepth } from "../view/paint.ts";
import { renderTable } from "../view/table.ts";
import { stringifySafe } from "../view/text.ts";
import type { Question } from "../view/tui/question.ts";
import { runTui, type TuiOptions } from "../view/tui/run.ts";
import { LiveQuestions } from "./live-questions.ts";
import { questionOf } from "./question.ts";
import { createAnswer, RecordedQuestions } from "./recorded-questions.ts";
import { openRecording, openSnapshots, type SnapshotQuestion } from "./snapshots.ts";

export interface ScreenOptions extends Pick<TuiOptions, "sort" | "rows" | "units"> {
  readonly color: ColorDepth;
  readonly firstIntervalMs: number;
  /** Where every snapshot is kept; `null` when none is. */
  readonly record: Output | null;
}

/** Shows the host, or the recording that the flags name, on the whole terminal; the last table stays in the scrollback. */
export function showScreen(
  flags: SnapshotQuestion,
  options: ScreenOptions,
  abort: AbortController,
): Promise<void> {
  return flags.from === undefined
    ? showLive(flags, options, abort)
    : showRecording(flags, flags.from, options, abort);
}

async function showLive(
  flags: SnapshotQuestion,
  options: ScreenOptions,
  abort: AbortController,
): Promise<void> {
  const asked = screenQuestion(flags, ["flow"]);
  const questions = new LiveQuestions(flags, flags.configuration.names, asked);
  const ticks = openSnapshots(flags, options.firstIntervalMs, abort.signal, questions);
  const snapshots = options.record === null ? ticks : recorded(ticks, questions, options.record);
  await show(snapshots, { ...options, question: asked, questions }, abort);
}

async function showRecording(
  flags: SnapshotQuestion,
  path: string,
  options: ScreenOptions,
  abort: AbortController,
): Promise<void> {
  const source = openRecording(flags, path, abort.signal);
  const first = await source.next();
  const asked = screenQuestion(flags, first.done === true ? ["flow"] : first.value.group_by);
  const player = new Player(rejoin(first, source), createAnswer(flags, asked), abort.signal);
  countLines(path).then(
    (count) => count !== null && player.announce(Math.min(count, flags.count ?? count)),
    // Whoever plays it finds out what is wrong with the file.
    () => {},
  );
  const questions = new RecordedQuestions(player, flags);
  const replay = {
    pause: () => player.pause(),
    resume: () => player.resume(),
    step: (by: 1 | -1) => player.step(by),
    setSpeed: (speed: number) => player.setSpeed(speed),
  };
  await show(player.play(), { ...options, question: asked, questions, replay, hold: true }, abort);
}

/** Rows are by service unless the flags or a recording that is grouped already say otherwise. */
function screenQuestion(flags: SnapshotQuestion, recordedBy: readonly string[]): Question {
  const groupBy = flags["group-by"];
  const isFree = groupBy === undefined && !isWholeView(recordedBy);
  return {
    groupBy: isFree ? recordedBy : formatGroupBy(questionOf(flags, flags.configuration).groupBy),
    filter: flags.filter ?? "",
    pins: [],
    intervalMs: flags.interval,
  };
}

async function* rejoin(
  first: IteratorResult<Snapshot>,
  rest: AsyncGenerator<Snapshot>,
): AsyncGenerator<Snapshot> {
  if (first.done === true) return;
  yield first.value;
  yield* rest;
}

/** Also keeps what a new question cut short, which is not shown. */
async function* recorded(
  snapshots: AsyncGenerator<Snapshot>,
  questions: LiveQuestions,
  record: Output,
): AsyncGenerator<Snapshot> {
  for await (const snapshot of snapshots) {
    for (const kept of [...questions.takeCuts(), snapshot]) await record.write(`${stringifySafe(kept)}\n`);
    yield snapshot;
  }
}

type Shown = Pick<TuiOptions, "question" | "questions" | "replay" | "hold"> & ScreenOptions;

async function show(
  snapshots: AsyncGenerator<Snapshot> | ReturnType<Player["play"]>,
  options: Shown,
  abort: AbortController,
): Promise<void> {
  try {
    const { last, totals, end } = await runTui({
      ...options,
      snapshots,
      stdin: process.stdin,
      stdout: process.stdout,
      writer: openPatientWriter(process.stdout.fd),
      isAscii: !showsUnicode(process.env),
      save,
      onQuit: () => abort.abort(),
    });
    if (end === "SIGHUP") {
      await close(snapshots, abort);
      // The terminal is gone, and Node aborts when it exits normally then.
      process.kill(process.pid, "SIGHUP");
      return;
    }
    // What was on the screen stays in the scrollback, as much of it as one screen holds.
    const rows = Math.min(options.rows ?? Number.POSITIVE_INFINITY, Math.max(1, process.stdout.rows - 5));
    const color = options.color !== 0;
    if (last !== null) {
      const width = process.stdout.columns;
      const table = renderTable(last, { ...options, color, rows, totals, width });
      process.stdout.write(showsUnicode(process.env) ? table : toAscii(table));
    }
  } finally {
    await close(snapshots, abort);
  }
}

/** Ends the tracing and waits until the last snapshot is recorded. */
async function close(snapshots: AsyncGenerator<unknown>, abort: AbortController): Promise<void> {
  abort.abort();
  await snapshots.return(undefined);
}

/** Writes one snapshot, as `export --json` would, to a file that does not exist yet. */
async function save(path: string, snapshot: Snapshot): Promise<string> {
  if (existsSync(path)) throw new NpmonError("output_file", `${path} exists; nothing was written`);
  const output = openOutputFile(path);
  try {
    await output.write(`${stringifySafe(snapshot)}\n`);
    output.finish();
  } finally {
    output.discard();
  }
  return `wrote ${path}; npmon top --from ${path} shows it`;
}
