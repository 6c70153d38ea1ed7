// Runs the tests: all of them, or the files and folders named on the command line. Node 20's runner expands no globs.
import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";

function testFiles(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true })
    .filter((name) => /\.test\.tsx?$/.test(name))
    .map((name) => `${path}/${name}`)
    .sort();
}

/** Guests take minutes of one processor, and what is long should not be what everything waits for at the end. */
const LONGEST = [
  "test/guest/matrix",
  "test/guest/",
  "test/exactness/soak",
  "test/exactness/million",
  "test/exactness/",
];

function rank(file) {
  const place = LONGEST.findIndex((start) => file.startsWith(start));
  return place < 0 ? LONGEST.length : place;
}

const chosen = process.argv.slice(2);
const files = (chosen.length > 0 ? chosen : ["test"]).flatMap(testFiles).sort((a, b) => rank(a) - rank(b));
// Two at a time: guests keep one processor busy, the other tests mostly wait for the kernel or for a clock.
const options = ["--import", "tsx", "--test", "--test-concurrency=2", "--test-timeout=600000"];
const { status } = spawnSync(process.execPath, [...options, ...files], { stdio: "inherit" });
process.exit(status ?? 1);
