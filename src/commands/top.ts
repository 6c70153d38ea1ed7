import { Flags } from "@oclif/core";
import { paced } from "../monitor/replay.ts";
import { type Output, openOutputFile, openStandardOutput } from "../sink/output.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { renderTable } from "../view/table.ts";
import { stringifySafe } from "../view/text.ts";
import { addTotals, NO_TOTALS } from "../view/totals.ts";
import { canRunTui } from "../view/tui/terminal.ts";
import { NpmonCommand } from "./base.ts";
import { QUESTION_FLAGS } from "./flags.ts";
import { checkSort, chooseRows, openSnapshots } from "./snapshots.ts";

const DEFAULT_INTERVAL_MS = 1000;
/** So that there is something to see within a second of the start. */
const FIRST_INTERVAL_MS = 500;

export default class Top extends NpmonCommand {
  static override summary = "Show live who talks to whom, how much, how fast and how well.";
  static override description =
    "Full-screen on a terminal; plain tables with -b or when the output goes elsewhere. One row for each source and destination, by service unless -g says otherwise; sent and received are as the source measured them.";
  static override examples = [
    "<%= config.bin %> top",
    "<%= config.bin %> top -g source.process,destination.port",
    "<%= config.bin %> top -g client.service,server.service -s -retransmits",
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
    const abort = this.abortOnSignals();
    const question = { ...flags, interval: flags.interval ?? DEFAULT_INTERVAL_MS };
    checkSort(question);
    const record = flags.output === undefined ? null : openOutputFile(flags.output);
    const fullScreen = !flags.batch && canRunTui(process.stdin, process.stdout, process.env);
    const color = !flags["no-color"] && (process.env.NO_COLOR ?? "") === "" && process.stdout.isTTY === true;
    try {
      const firstIntervalMs = Math.min(FIRST_INTERVAL_MS, question.interval);
      let snapshots = recorded(openSnapshots(question, firstIntervalMs, abort.signal), record);
      if (fullScreen && flags.from !== undefined) snapshots = paced(snapshots, abort.signal);
      const options = { sort: flags.sort, rows: flags.rows, units: flags.units, color };
      if (fullScreen) await showFullScreen(snapshots, options, abort);
      else await showPlain(snapshots, { ...options, noHeader: flags["no-header"] }, abort);
      record?.finish();
    } finally {
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

interface ShowOptions {
  readonly sort: string | undefined;
  readonly rows: number | undefined;
  readonly units: "auto" | "bits" | "bytes";
  readonly color: boolean;
}

async function showFullScreen(
  snapshots: AsyncIterable<Snapshot>,
  options: ShowOptions,
  abort: AbortController,
): Promise<void> {
  // Ink and React cost a quarter of a second to load, so only who looks at the screen pays for them.
  const { runTui } = await import("../view/tui/run.ts");
  await runTui({
    snapshots,
    stdin: process.stdin,
    stdout: process.stdout,
    ...options,
    onQuit: () => abort.abort(),
  });
}

async function showPlain(
  snapshots: AsyncIterable<Snapshot>,
  options: ShowOptions & { readonly noHeader: boolean },
  abort: AbortController,
): Promise<void> {
  const output = openStandardOutput(process.stdout, () => abort.abort());
  let totals = NO_TOTALS;
  let first = true;
  for await (const snapshot of snapshots) {
    totals = addTotals(totals, snapshot);
    await output.write(
      (first ? "" : "\n") + renderTable(chooseRows(snapshot, options), { ...options, totals }),
    );
    first = false;
  }
}
