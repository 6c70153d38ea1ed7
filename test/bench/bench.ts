/**
 * `npm run bench [-- [--json] [NAME …]]`: what npmon costs, in tables, and at the end how it stands beside its peers.
 * Every figure of a table is measured in one run, side by side; nothing here passes or fails by a time. A bench is one
 * file, listed in benches.ts. One that fails is said and the others go on.
 */
import { parseArgs } from "node:util";
import { type Activity, formatActivity, isQuiet, watchActivity } from "./activity.ts";
import { BENCHES, type Bench } from "./benches.ts";
import { endOnSignals } from "./ending.ts";
import { describeMachine, formatMachine } from "./machine.ts";
import { summarize, summaryToJson } from "./summary.ts";
import { formatMarkdown, type Table, tableToJson } from "./table.ts";

interface Measured {
  readonly name: string;
  readonly tables: readonly Table[];
  readonly seconds: number;
  readonly activity: Activity;
}

const { values, positionals } = parseArgs({
  options: { json: { type: "boolean", default: false } },
  allowPositionals: true,
});

const known = BENCHES.map((bench) => bench.name);
const unknown = positionals.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`npmon bench: there is no ${unknown.join(", ")}\n  There are: ${known.join(", ")}.\n`);
  process.exit(2);
}

const ending = endOnSignals();
const machine = describeMachine();
if (!values.json) process.stdout.write(`${formatMachine(machine)}\n`);
const all: Measured[] = [];
const failed: string[] = [];
for (const bench of BENCHES) {
  if (ending.aborted || (positionals.length > 0 && !positionals.includes(bench.name))) continue;
  try {
    all.push(await measure(bench));
  } catch (error) {
    if (ending.aborted) break;
    failed.push(bench.name);
    process.stderr.write(` failed: ${error instanceof Error ? error.stack : error}\n`);
  }
}
const tables = all.flatMap((measured) => measured.tables);
if (values.json) {
  const benches = Object.fromEntries(
    all.map(({ name, tables, seconds, activity }) => [
      name,
      { seconds, activity, tables: tables.map(tableToJson) },
    ]),
  );
  const report = { machine, summary: summaryToJson(tables), failed, benches };
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
} else {
  const summary = summarize(tables, remarks());
  if (summary !== null) process.stdout.write(`${formatMarkdown(summary)}\n`);
}
if (ending.aborted)
  process.stderr.write("\nnpmon bench: ended early, what was measured until then is above\n");
process.exitCode = ending.aborted ? 130 : failed.length > 0 ? 1 : 0;

async function measure(bench: Bench): Promise<Measured> {
  const started = performance.now();
  process.stderr.write(`npmon bench: ${bench.name}: ${bench.summary} …`);
  const activitySince = watchActivity();
  const tables = await bench.run();
  const measured = {
    name: bench.name,
    tables,
    seconds: (performance.now() - started) / 1000,
    activity: activitySince(),
  };
  process.stderr.write(` ${measured.seconds.toFixed(1)} s; ${formatActivity(measured.activity)}\n`);
  if (!values.json) for (const table of tables) process.stdout.write(`${formatMarkdown(table)}\n`);
  return measured;
}

function remarks(): readonly string[] {
  const disturbed = all.filter(({ activity }) => !isQuiet(activity));
  return [
    disturbed.length === 0
      ? "The machine was otherwise idle all the time."
      : `**The machine was not idle**, so take these figures with care: ${disturbed.map(({ name, activity }) => `${name} (${formatActivity(activity)})`).join(", ")}.`,
    ...(failed.length === 0 ? [] : [`Not measured, because it failed: ${failed.join(", ")}.`]),
  ];
}
