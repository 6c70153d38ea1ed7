import { Flags } from "@oclif/core";
import { NpmonError } from "../error/error.ts";
import { type Output, openOutputFile, openStandardOutput } from "../sink/output.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { colorDepth } from "../view/paint.ts";
import { createTableStream } from "../view/stream.ts";
import { stringifySafe } from "../view/text.ts";
import { canRunTui } from "../view/tui/terminal.ts";
import { NpmonCommand } from "./base.ts";
import { QUESTION_FLAGS } from "./flags.ts";
import { loadCommandConfig } from "./load-config.ts";
import { checkQuestion, openSnapshots } from "./snapshots.ts";

const DEFAULT_INTERVAL_MS = 1000;
/** So that there is something to see within a second of the start. */
const FIRST_INTERVAL_MS = 300;

export default class Top extends NpmonCommand {
  static override summary = "Show live who talks to whom, how much, how fast and how well.";
  static override description =
    "Full-screen on a terminal; plain tables with -b or when the output goes elsewhere. One row for each source and destination, by service unless -g says otherwise; sent and received are as the source measured them. In the full screen ? explains the keys.";
  static override examples = [
    "<%= config.bin %> top",
    "<%= config.bin %> top -g source.process,destination.port",
    "<%= config.bin %> top -g client.service,server.service -s -retransmits -r 10",
    "<%= config.bin %> top -f 'service:checkout -destination.ip:10.0.0.0/8 retransmits:>0'",
    "<%= config.bin %> top -b -c 3 > talk.txt",
    "<%= config.bin %> top -g flow -o incident.json",
    "<%= config.bin %> top --from incident.json",
  ];
  static override flags = {
    batch: Flags.boolean({ char: "b", summary: "plain tables, one after the other, also on a terminal" }),
    ...QUESTION_FLAGS,
    output: Flags.string({
      char: "o",
      summary: "record every snapshot to this file, for --from; with -g flow it can be asked anything",
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
    checkQuestion(question);
    if (fullScreen && flags.from !== undefined && flags.output !== undefined) {
      throw new NpmonError(
        "usage",
        "--output cannot be used with --from on the full screen",
        "`npmon export --json --from FILE -g TAGS -f FILTER -o OTHER` writes what a recording answers; w on the screen writes one snapshot.",
      );
    }
    const record = flags.output === undefined ? null : openOutputFile(flags.output);
    const isColored =
      !flags["no-color"] && (process.env.NO_COLOR ?? "") === "" && process.stdout.isTTY === true;
    const firstIntervalMs = Math.min(FIRST_INTERVAL_MS, question.interval);
    try {
      if (fullScreen) {
        const { showScreen } = await import("./top-screen.ts");
        const color = colorDepth(isColored, process.env);
        const { units } = configuration;
        await showScreen(question, { ...flags, units, color, firstIntervalMs, record }, abort);
      } else {
        const tables = createTableStream({
          ...flags,
          units: configuration.units,
          color: isColored,
          noHeader: flags["no-header"],
          headerEvery: flags["header-every"],
        });
        await printTables(openSnapshots(question, firstIntervalMs, abort.signal), tables, record, abort);
      }
      record?.finish();
    } finally {
      record?.discard();
    }
  }
}

async function printTables(
  snapshots: AsyncGenerator<Snapshot>,
  formatTable: (snapshot: Snapshot) => string,
  record: Output | null,
  abort: AbortController,
): Promise<void> {
  const output = openStandardOutput(process.stdout, () => abort.abort(), abort.signal);
  try {
    for await (const snapshot of snapshots) {
      await record?.write(`${stringifySafe(snapshot)}\n`);
      await output.write(formatTable(snapshot));
    }
  } finally {
    output.finish();
  }
}
