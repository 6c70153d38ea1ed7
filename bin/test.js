// Runs the tests: all of them, or the files and folders named on the command line. Node 20's runner expands no globs.
// Run it with `--import tsx`, which the tests inherit.
import { readdirSync, statSync } from "node:fs";
import { run } from "node:test";
import { tap } from "node:test/reporters";

function testFiles(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true })
    .filter((name) => /\.test\.tsx?$/.test(name))
    .map((name) => `${path}/${name}`)
    .sort();
}

/** Of each run, counted by the runner and told at its end. */
const COUNTS = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;

/** What one run after the other tells, as if it were one. */
async function* joined(runs) {
  const sums = new Map();
  for (const events of runs) {
    for await (const event of events) {
      const [, name, value] = (event.type === "test:diagnostic" && COUNTS.exec(event.data.message)) || [];
      if (event.type === "test:fail") process.exitCode = 1;
      if (name === undefined || event.data.nesting > 0) yield event;
      else sums.set(name, (sums.get(name) ?? 0) + Number(value));
    }
  }
  for (const [name, value] of sums) {
    yield { type: "test:diagnostic", data: { nesting: 0, message: `${name} ${value}` } };
  }
}

const chosen = process.argv.slice(2);
const files = (chosen.length > 0 ? chosen : ["test"]).flatMap(testFiles);
// Guests have kernels of their own; all other tests look at this one, so each of them has it for itself.
const lanes = [
  files.filter((file) => !file.startsWith("test/guest/")),
  files.filter((file) => file.startsWith("test/guest/")),
];
const runs = lanes
  .filter((lane) => lane.length > 0)
  .map((lane) => run({ files: lane, concurrency: 1, timeout: 1_800_000 }));
for await (const text of tap(joined(runs))) process.stdout.write(text);
