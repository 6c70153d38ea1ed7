#!/usr/bin/env node
import { existsSync } from "node:fs";

if (!existsSync(new URL("../dist/commands/index.js", import.meta.url))) {
  process.stderr.write("npmon: this is a source tree that was not built yet\n  Build it with `npm run build`, or run `npm start`, which does all the set-up.\n");
  process.exit(1);
}
const { run } = await import("@oclif/core");
await run(process.argv.slice(2), import.meta.url);
