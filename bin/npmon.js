#!/usr/bin/env node
import { existsSync } from "node:fs";

if (!existsSync(new URL("../dist/npmon.cjs", import.meta.url))) {
  process.stderr.write(
    "npmon: this is a source tree that was not built yet\n  `npm start` does all the set-up; `npm run build` only builds.\n",
  );
  process.exit(1);
}
// What the shells' scripts ask while somebody waits for the Tab key: it does without all that commands need.
if (process.argv[2] === "complete" && ["bash", "zsh", "fish"].includes(process.argv[3])) {
  const { complete } = await import("../dist/complete.js");
  process.stdout.write(await complete(process.argv.slice(3)));
  process.exit(0);
}
const { load } = await import("./load.js");
const { npmon } = load();
try {
  await npmon.run(process.argv.slice(2), import.meta.url);
} catch (error) {
  // Commands end themselves; this is for what comes before one, like a command that does not exist.
  if (error?.oclif?.exit === 0) process.exit(0);
  npmon.exitWith(error, process.argv.includes("--json"));
}
