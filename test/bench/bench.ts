/**
 * `npm run bench [-- [--json] [NAME …]]`: what npmon costs, in tables. Every figure of a table is measured in one
 * run, side by side; nothing here passes or fails by a time. A bench is one file, listed in benches.ts.
 */
import { parseArgs } from "node:util";
import { BENCHES, type Bench } from "./benches.ts";
import { describeMachine, formatMachine } from "./machine.ts";
import { formatMarkdown, type Table, tableToJson } from "./table.ts";

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

const machine = describeMachine();
if (!values.json) process.stdout.write(`${formatMachine(machine)}\n`);
const results: Record<string, unknown> = {};
for (const bench of BENCHES) {
  if (positionals.length === 0 || positionals.includes(bench.name)) await measure(bench);
}
if (values.json) process.stdout.write(`${JSON.stringify({ machine, benches: results }, null, 2)}\n`);

async function measure(bench: Bench): Promise<void> {
  const started = performance.now();
  process.stderr.write(`npmon bench: ${bench.name}: ${bench.summary} …`);
  const tables: readonly Table[] = await bench.run();
  process.stderr.write(` ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  if (values.json) results[bench.name] = tables.map(tableToJson);
  else for (const table of tables) process.stdout.write(`${formatMarkdown(table)}\n`);
}
