// Runs the tests: all of them, or the files and folders named on the command line. Node 20's runner expands no globs.
// Run it with `--import tsx`; the tests themselves are compiled, all at once.
import { readdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { run } from "node:test";
import { tap } from "node:test/reporters";
import { compileTests, RUN_COMPILED } from "../test/compiled/compile.ts";

/** Have kernels of their own. */
const GUESTS = ["test/guest/"];

/**
 * What loads no eBPF program and opens no socket but Unix ones, so that nobody who looks at this kernel sees it.
 * Whatever does either is out of place here: a test elsewhere says that nothing was lost, that nothing is left
 * attached, or how many sockets there are, and means all of this machine.
 */
const UNSEEN = [
  "test/aggregate/",
  "test/bpf.test.ts",
  "test/commands/bad-input.test.ts",
  "test/commands/dash-value.test.ts",
  "test/commands/enable.test.ts",
  "test/commands/hostile-file.test.ts",
  "test/completion/command-line.test.ts",
  "test/completion/shell-words.test.ts",
  "test/completion/shells.test.ts",
  "test/config/",
  "test/flow/",
  "test/query/",
  "test/snapshot/",
  "test/status/",
  "test/store/",
  "test/tag/*",
  "test/view/",
];

/**
 * What opens sockets to talk to itself, or starts an engine of containers, and looks at nobody else: several at a time,
 * once nobody looks.
 */
const TALKING = [
  "test/commands/query.test.ts",
  "test/intake/",
  "test/sink/",
  "test/tag/domain/",
  "test/tag/engine/",
  "test/tag/kubernetes/",
];

/**
 * Two lanes, for as many processors; the stages of a lane run one after the other, and of a stage `concurrency` files
 * at a time. The first lane begins with what looks at this kernel, each file for itself.
 */
const LANES = [
  [
    { holds: (file) => ![UNSEEN, TALKING, GUESTS].some((paths) => isIn(file, paths)), concurrency: 1 },
    { holds: (file) => isIn(file, TALKING), concurrency: 2 },
  ],
  [
    { holds: (file) => isIn(file, GUESTS), concurrency: 1 },
    { holds: (file) => isIn(file, UNSEEN), concurrency: 1 },
  ],
];

/** Whether a file is one of the paths, in a folder that ends with `/`, or right in one that ends with `/*`. */
function isIn(file, paths) {
  return paths.some((path) =>
    path.endsWith("/*")
      ? `${dirname(file)}/*` === path
      : file === path || (path.endsWith("/") && file.startsWith(path)),
  );
}

function testFiles(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true })
    .filter((name) => /\.test\.tsx?$/.test(name))
    .map((name) => `${path}/${name}`)
    .sort();
}

/** What the stages of a lane tell. The first is begun at once, each of the others when the one before has ended. */
function runLane(stages) {
  const [first, ...rest] = stages.filter(({ files }) => files.length > 0);
  if (first === undefined) return [];
  const begun = run({ ...first, timeout: 1_800_000 });
  return (async function* () {
    yield* begun;
    yield* runLane(rest);
  })();
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

compileTests();
process.execArgv.splice(0, process.execArgv.length, ...RUN_COMPILED); // with which the runner starts each file
const chosen = process.argv.slice(2);
const files = (chosen.length > 0 ? chosen : ["test"]).flatMap(testFiles);
const runs = LANES.map((stages) =>
  runLane(stages.map(({ holds, concurrency }) => ({ files: files.filter(holds), concurrency }))),
);
for await (const text of tap(joined(runs))) process.stdout.write(text);
