import { Flags } from "@oclif/core";
import { NpmonError } from "../error/error.ts";
import type { History, HistoryAnswer, HistoryQuestion, Period } from "../history/history.ts";
import { type ParsedPeriod, parsePeriod } from "../history/period.ts";
import { alignPeriod, chooseStep, parseStep } from "../history/step.ts";
import { parseDuration } from "../query/duration.ts";
import { formatGroupBy, parseGroupBy } from "../query/group-by.ts";
import { QueryError } from "../query/query-text.ts";
import { openOutputFile, openStandardOutput } from "../sink/output.ts";
import { checkComparisonSort, compareSnapshots } from "../view/history/comparison.ts";
import { parseSort } from "../view/rows.ts";
import { formatSafe } from "../view/text.ts";
import { NpmonCommand } from "./base.ts";
import { FORMATS, formatFlag, QUESTION_FLAGS, SITE_FLAGS } from "./flags.ts";
import { findHistory } from "./history-place.ts";
import { type Rendering, renderAnswer, renderCompared, roomForWindows } from "./history-render.ts";
import { notesOf, whatIsKept } from "./history-words.ts";
import { warnOf } from "./load-config.ts";
import { filterOf, filterTextOf } from "./question.ts";

const WHEN = "WHEN";
const WHERE = "INTAKE";
const DAYS_MS = 3650 * 86_400_000;
const COMPARE = { minMs: 1_000, maxMs: DAYS_MS, words: "1s to 3650d" } as const;

/** A person who waits is told for what. */
const SILENCE_MS = 3_000;

const { output, quiet, config, units, filter, ipv4, ipv6, sort, rows } = QUESTION_FLAGS;

export default class Query extends NpmonCommand {
  static override summary = "Ask who talked to whom in the past, on all hosts that report.";
  static override description =
    "Asks an intake, or the folder of one, for the sums of what hosts forwarded. The words are those of `npmon top`: service unless -g says otherwise. With client. or server. a conversation that both of its hosts report is counted once. A destination that is the address of another reporting host has that host's tags. Times are UTC; a snapshot belongs to the time at which it began. Without --intake and --data it asks where npmon.forward.to of the configuration sends.";
  static override examples = [
    "<%= config.bin %> query --since 24h",
    "<%= config.bin %> query --since 6h -g client.service,server.service -s -retransmits -r 10",
    "<%= config.bin %> query --since 02:00 --until 03:30 -g client.host,server.host,server.port -f 'server.service:postgres*'",
    "<%= config.bin %> query --since 24h --step auto",
    "<%= config.bin %> query --since 1h --compare 24h -g client.service,server.service",
    "<%= config.bin %> query --intake https://intake.example:8474 --token-file /etc/npmon/token --since 5d --step 1h --csv -o talk.csv",
    "<%= config.bin %> query --data /var/lib/npmon/data --since 30m --json",
  ];
  static override flags = {
    intake: Flags.string({
      summary: "URL of the intake to ask, https://intake.example:8474",
      helpValue: "URL",
      helpGroup: WHERE,
      exclusive: ["data"],
    }),
    data: Flags.string({
      summary: "folder of an intake on this host to read instead; it may be running",
      helpValue: "DIR",
      helpGroup: WHERE,
    }),
    ...SITE_FLAGS,
    since: Flags.string({
      summary: "from when on: 30m, 24h or 5d ago, 02:30, 2026-01-31, 2026-01-31T14:00+01:00",
      helpValue: "WHEN",
      helpGroup: WHEN,
      default: "1h",
    }),
    until: Flags.string({
      summary: "until when: the same (now)",
      helpValue: "WHEN",
      helpGroup: WHEN,
    }),
    step: Flags.string({
      summary: "over time, in windows of this length: 5m, 1h, or auto; a chart, or more rows of CSV and JSON",
      helpValue: "STEP",
      helpGroup: WHEN,
    }),
    compare: Flags.string({
      summary: "beside the same time so much earlier: 24h, 7d; largest change first, or -s -change_share …",
      helpValue: "AGO",
      helpGroup: WHEN,
    }),
    table: formatFlag("table", "a table, or with --step a chart, to read (the default)"),
    json: formatFlag("json", "one snapshot for each window on a line, schema npmon.snapshot/1"),
    ndjson: formatFlag("ndjson", "one row on each line"),
    csv: formatFlag("csv", "one row on each line, names first"),
    "group-by": QUESTION_FLAGS["group-by"],
    filter,
    ipv4,
    ipv6,
    sort,
    rows,
    units,
    "no-color": QUESTION_FLAGS["no-color"],
    "no-header": QUESTION_FLAGS["no-header"],
    quiet,
    output,
    config,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Query);
    const abort = this.abortOnSignals();
    const say = (words: string): void => {
      if (!flags.quiet) process.stderr.write(`npmon: ${formatSafe(words)}\n`);
    };
    if (flags.step !== undefined && flags.compare !== undefined) {
      throw new NpmonError(
        "usage",
        "--step and --compare cannot be used together",
        "`--since 48h --until 24h --step 1h` is the chart of the day before, to be read beside this one's.",
      );
    }
    const nowMs = Date.now();
    const parsed = parsePeriod({ since: flags.since, until: flags.until, nowMs });
    if (parsed.note !== null) say(parsed.note);
    const step = flags.step === undefined ? null : parseStep(flags.step);
    const beforeMs = flags.compare === undefined ? null : parseDuration(flags.compare, "--compare", COMPARE);
    const { loaded, config: configuration, history } = findHistory(flags, say);
    if (!flags.quiet) warnOf(loaded);
    const groupBy = flags["group-by"] ?? formatGroupBy(configuration.groupBy).join(",");
    const asked = { groupBy, filter: filterTextOf(flags) };
    // an intake may know tags that this host does not: what is a mistake here is asked there
    const mistake = mistakeIn(() => {
      const names = formatGroupBy(parseGroupBy(groupBy, configuration.names));
      filterOf(flags, configuration.names);
      if (flags.sort === undefined) return;
      if (beforeMs === null) parseSort(flags.sort, names);
      else checkComparisonSort(flags.sort, names);
    });
    if (mistake !== null && (flags.data !== undefined || !(mistake instanceof QueryError))) throw mistake;

    const target =
      flags.output === undefined
        ? openStandardOutput(process.stdout, () => abort.abort(), abort.signal)
        : openOutputFile(flags.output);
    const leave = (): void => {
      target.discard();
      process.exit(130);
    };
    abort.signal.addEventListener("abort", leave);
    const patience = setTimeout(() => {
      if (process.stderr.isTTY) say(`waiting for ${history.place}; Ctrl-C ends it`);
    }, SILENCE_MS);
    try {
      const ask = createAsk(history, asked, mistake, abort.signal);
      const rendering: Rendering = {
        format: FORMATS.find((name) => flags[name]) ?? "table",
        units: configuration.units,
        isColored: !flags["no-color"] && (process.env.NO_COLOR ?? "") === "" && process.stdout.isTTY === true,
        noHeader: flags["no-header"],
        sort: flags.sort,
        rows: flags.rows,
        screen:
          process.stdout.isTTY && flags.output === undefined
            ? { columns: process.stdout.columns, rows: process.stdout.rows }
            : null,
      };
      const text =
        beforeMs === null
          ? await this.#showPeriod(ask, parsed, step, rendering, say)
          : await this.#showComparison(ask, parsed, beforeMs, rendering, say);
      const { clockAheadMs } = history;
      for (const note of notesOf({ clockAheadMs, place: history.place })) say(note);
      clearTimeout(patience);
      abort.signal.removeEventListener("abort", leave);
      await target.write(text);
      target.finish();
    } finally {
      clearTimeout(patience);
      target.discard();
    }
    // a connection that is kept for more questions would hold the process up
    process.exit(0);
  }

  async #showPeriod(
    ask: Ask,
    parsed: ParsedPeriod,
    step: number | "auto" | null,
    rendering: Rendering,
    say: (words: string) => void,
  ): Promise<string> {
    if (step === null) {
      const answer = await ask(parsed);
      for (const note of notesOf({ answer })) say(note);
      if (answer.hosts.length === 0) say(await whatIsKept(ask, parsed));
      return renderAnswer(answer, null, parsed, rendering, say);
    }
    const stepMs =
      step === "auto" ? chooseStep(parsed, (await ask(parsed)).hosts, roomForWindows(rendering)) : step;
    const period = alignPeriod(parsed, stepMs);
    const answer = await ask({ ...period, stepMs });
    for (const note of notesOf({ answer, stepMs })) say(note);
    if (answer.hosts.length === 0) say(await whatIsKept(ask, parsed));
    return renderAnswer(answer, stepMs, period, rendering, say);
  }

  async #showComparison(
    ask: Ask,
    parsed: ParsedPeriod,
    beforeMs: number,
    rendering: Rendering,
    say: (words: string) => void,
  ): Promise<string> {
    const earlier = { sinceMs: parsed.sinceMs - beforeMs, untilMs: parsed.untilMs - beforeMs };
    const now = await ask(parsed);
    const before = await ask(earlier);
    for (const [answer, period] of [
      [now, parsed],
      [before, earlier],
    ] as const) {
      for (const note of notesOf({ answer })) say(note);
      if (answer.hosts.length > 0) continue;
      const [start, end] = [period.sinceMs, period.untilMs].map((ms) =>
        new Date(ms).toISOString().slice(0, 16),
      );
      throw new NpmonError(
        "store",
        `no host reported between ${start}Z and ${end}Z: there is nothing to compare`,
        await whatIsKept(ask, parsed),
      );
    }
    const [first, second] = [now.windows[0], before.windows[0]];
    if (first === undefined || second === undefined) throw new RangeError("no window");
    const comparison = compareSnapshots(first, second, { sort: rendering.sort });
    return renderCompared(comparison, now, before, { now: parsed, before: earlier }, rendering, say);
  }
}

/** Asks the same question of different times. */
export type Ask = (period: Period & { readonly stepMs?: number }, groupBy?: string) => Promise<HistoryAnswer>;

function createAsk(
  history: History,
  asked: Pick<HistoryQuestion, "groupBy" | "filter">,
  mistake: NpmonError | null,
  signal: AbortSignal,
): Ask {
  return async ({ sinceMs, untilMs, stepMs }, groupBy) => {
    const question = groupBy === undefined ? asked : { groupBy, filter: "" };
    try {
      return await history.ask({ sinceMs, untilMs, stepMs, ...question }, signal);
    } catch (error) {
      // both found it: here its place can be shown
      if (mistake !== null && error instanceof NpmonError && error.code === "usage") throw mistake;
      throw error;
    }
  };
}

function mistakeIn(check: () => void): NpmonError | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof NpmonError) return error;
    throw error;
  }
}
