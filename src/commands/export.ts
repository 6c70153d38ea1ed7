import { openOutputFile, openStandardOutput } from "../sink/output.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { renderCsvHeader, renderCsvRows } from "../view/csv.ts";
import { renderNdjson } from "../view/ndjson.ts";
import { createTableStream } from "../view/stream.ts";
import { stringifySafe } from "../view/text.ts";
import { NpmonCommand } from "./base.ts";
import { FORMATS, type Format, formatFlag, QUESTION_FLAGS } from "./flags.ts";
import { loadCommandConfig } from "./load-config.ts";
import { checkQuestion, chooseRows, openSnapshots } from "./snapshots.ts";

const DEFAULT_INTERVAL_MS = 5000;
export default class Export extends NpmonCommand {
  static override summary = "Print who talked to whom as JSON, CSV or a table.";
  static override description =
    "Counts for one interval (5 s unless -d says otherwise), prints it and exits; -c N repeats. Data goes to stdout, words to stderr.";
  static override examples = [
    "<%= config.bin %> export --json",
    "<%= config.bin %> export --table -g source.process,destination.ip,destination.port -d 2s",
    "<%= config.bin %> export --csv -g client.service,server.service -d 10s -c 6 -o talk.csv",
    "<%= config.bin %> export --ndjson -f 'client.process:curl (server.port:80,443 OR domain:*.example.org)'",
    "<%= config.bin %> export --json -g flow -d 2s -o flows.json",
  ];
  static override flags = {
    json: formatFlag("json", "one snapshot on each line, schema npmon.snapshot/1 (the default)"),
    ndjson: formatFlag("ndjson", "one row on each line"),
    csv: formatFlag("csv", "one row on each line, names first"),
    table: formatFlag("table", "a table to read"),
    ...QUESTION_FLAGS,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Export);
    const abort = this.abortOnSignals();
    const configuration = loadCommandConfig(flags);
    const question = {
      ...flags,
      configuration,
      interval: flags.interval ?? DEFAULT_INTERVAL_MS,
      count: flags.count ?? (flags.from === undefined ? 1 : undefined),
    };
    checkQuestion(question);
    const output =
      flags.output === undefined
        ? openStandardOutput(process.stdout, () => abort.abort(), abort.signal)
        : openOutputFile(flags.output);
    const chosen = FORMATS.find((name) => flags[name]) ?? "json";
    let first = true;
    const formatTable = createTableStream({
      ...flags,
      units: configuration.units,
      noHeader: flags["no-header"],
      headerEvery: flags["header-every"],
    });
    try {
      for await (const snapshot of openSnapshots(question, question.interval, abort.signal)) {
        const text =
          chosen === "table"
            ? formatTable(snapshot)
            : render(chooseRows(snapshot, flags), chosen, flags, first);
        await output.write(text);
        first = false;
      }
      output.finish();
    } finally {
      output.discard();
    }
  }
}

function render(
  snapshot: Snapshot,
  chosen: Exclude<Format, "table">,
  flags: { readonly "no-header": boolean },
  first: boolean,
): string {
  switch (chosen) {
    case "json":
      return `${stringifySafe(snapshot)}\n`;
    case "ndjson":
      return renderNdjson(snapshot);
    case "csv":
      return (first && !flags["no-header"] ? renderCsvHeader(snapshot) : "") + renderCsvRows(snapshot);
  }
}
