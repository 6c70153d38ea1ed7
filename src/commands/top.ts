import { Flags } from "@oclif/core";
import { paced } from "../monitor/replay.ts";
import { type Output, openOutputFile, openStandardOutput } from "../sink/output.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { Units } from "../view/format.ts";
import { renderTable } from "../view/table.ts";
import { stringifySafe } from "../view/text.ts";
import { addTotals, NO_TOTALS } from "../view/totals.ts";
import { canRunTui } from "../view/tui/terminal.ts";
import { NpmonCommand } from "./base.ts";
import { QUESTION_FLAGS } from "./flags.ts";
import { loadCommandConfig } from "./load-config.ts";
import { checkSort, openSnapshots } from "./snapshots.ts";

const DEFAULT_INTERVAL_MS = 1000;
/** So that there is something to see within a second of the start. */
const FIRST_INTERVAL_MS = 400;

export default class Top extends NpmonCommand {
  static override summary = "Show live who talks to whom, how much, how fast and how well.";
  static override description =
    "Full-screen on a terminal; plain tables with -b or when the output goes elsewhere. One row for each source and destination, by service unless -g says otherwise; sent and received are as the source measured them.";
  static override examples = [
    "<%= config.bin %> top",
    "<%= config.bin %> top -g source.process,destination.port",
    "<%= config.bin %> top -g client.service,server.service -r 10",
    "<%= config.bin %> top -b -c 3 > talk.txt",
    "<%= config.bin %> top -o incident.json",
    "<%= config.bin %> top --from incident.json",
  ];
  static override flags = {
    batch: Flags.boolean({ char: "b", summary: "plain tables, one after the other, also on a terminal" }),
    ...QUESTION_FLAGS,
    output: Flags.string({
      char: "o",
      summary: "record every snapshot to this file, for --from",
      helpValue: "FILE",
      helpGroup: "FROM AND TO FILES",
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Top);
    const fullScreen = !flags.batch && canRunTui(process.stdin, process.stdout, process.env);
    // The full screen has to give the terminal back first, so it takes care of signals itself.
    const abort = fullScreen ? new AbortController() : this.abortOnSignals();
    const configuration = loadCommandConfig(flags);
    const question = { ...flags, configuration, interval: flags.interval ?? DEFAULT_INTERVAL_MS };
    checkSort(question);
    const record = flags.output === undefined ? null : openOutputFile(flags.output);
    const color = !flags["no-color"] && (process.env.NO_COLOR ?? "") === "" && process.stdout.isTTY === true;
    const firstIntervalMs = Math.min(FIRST_INTERVAL_MS, question.interval);
    const replayed = flags.from !== undefined;
    let snapshots = recorded(openSnapshots(question, firstIntervalMs, abort.signal), record);
    if (fullScreen && replayed) snapshots = paced(snapshots, abort.signal);
    const options = {
      sort: flags.sort,
      rows: flags.rows,
      units: configuration.units,
      color,
      noHeader: flags["no-header"],
      intervalMs: question.interval,
      hold: replayed,
    };
    try {
      await (fullScreen ? showFullScreen : showPlain)(snapshots, options, abort);
      await closeSnapshots(snapshots, abort);
      record?.finish();
    } finally {
      await closeSnapshots(snapshots, abort);
      record?.discard();
    }
  }
}

async function* recorded(
  snapshots: AsyncIterable<Snapshot>,
  record: Output | null,
): AsyncGenerator<Snapshot> {
  for await (const snapshot of snapshots) {
    await record?.write(`${stringifySafe(snapshot)}\n`);
    yield snapshot;
  }
}

/** Ends the tracing and waits until the last snapshot is recorded. */
async function closeSnapshots(snapshots: AsyncGenerator<Snapshot>, abort: AbortController): Promise<void> {
  abort.abort();
  await snapshots.return(undefined);
}

interface ShowOptions {
  readonly sort: string | undefined;
  readonly rows: number | undefined;
  readonly units: Units;
  readonly color: boolean;
  readonly noHeader: boolean;
  readonly intervalMs: number;
  /** Keep the last screen when the snapshots end. */
  readonly hold: boolean;
}

async function showFullScreen(
  snapshots: AsyncGenerator<Snapshot>,
  options: ShowOptions,
  abort: AbortController,
): Promise<void> {
  // Ink and React cost a quarter of a second to load, so only who looks at the screen pays for them.
  const { runTui } = await import("../view/tui/run.ts");
  const { last, totals, end } = await runTui({
    snapshots,
    stdin: process.stdin,
    stdout: process.stdout,
    ...options,
    onQuit: () => abort.abort(),
  });
  if (end === "SIGHUP") {
    await closeSnapshots(snapshots, abort);
    // The terminal is gone, and Node aborts when it exits normally then.
    process.kill(process.pid, "SIGHUP");
    return;
  }
  // What was on the screen stays in the scrollback, as much of it as one screen holds.
  const rows = Math.min(options.rows ?? Number.POSITIVE_INFINITY, Math.max(1, process.stdout.rows - 5));
  const width = process.stdout.columns;
  if (last !== null) process.stdout.write(renderTable(last, { ...options, rows, totals, width }));
}

async function showPlain(
  snapshots: AsyncGenerator<Snapshot>,
  options: ShowOptions,
  abort: AbortController,
): Promise<void> {
  const output = openStandardOutput(process.stdout, () => abort.abort());
  let totals = NO_TOTALS;
  let first = true;
  for await (const snapshot of snapshots) {
    totals = addTotals(totals, snapshot);
    await output.write((first ? "" : "\n") + renderTable(snapshot, { ...options, totals }));
    first = false;
  }
}
