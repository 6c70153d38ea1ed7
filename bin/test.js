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

const chosen = process.argv.slice(2);
const files = (chosen.length > 0 ? chosen : ["test"]).flatMap(testFiles);
// One file at a time: several of them measure the same kernel, and the machine may have two cores.
const options = ["--import", "tsx", "--test", "--test-concurrency=1", "--test-timeout=600000"];
const { status } = spawnSync(process.execPath, [...options, ...files], { stdio: "inherit" });
process.exit(status ?? 1);
