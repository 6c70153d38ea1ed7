// Loads the one file that npmon is built to, with the code that V8 made of it when it was built: compiling it again
// would take a third of the time until the first table. V8 compiles after all when it is not the same one any more.
import { readFileSync } from "node:fs";
import { createRequire, Module } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
// Before anything is compiled, for V8 takes code only under the flags that it was made under.
import "./v8-flags.js";

export const BUNDLE = fileURLToPath(new URL("../dist/npmon.cjs", import.meta.url));
export const CODE = fileURLToPath(new URL("../dist/npmon.code", import.meta.url));

const WRAPPER = Module.wrap("\0")
  .split("\0")
  .map((part) => Buffer.from(part));

/** @returns what the bundle exports, and its script */
export function load() {
  const require = createRequire(BUNDLE);
  if (process.env.NPMON_DEBUG !== undefined) {
    // by the usual way, for only what is loaded that way gets the places in the sources
    process.setSourceMapsEnabled(true);
    return { npmon: require(BUNDLE), script: null };
  }
  const source = Buffer.concat([WRAPPER[0], readFileSync(BUNDLE), WRAPPER[1]]).latin1Slice();
  const script = new Script(source, { filename: BUNDLE, cachedData: readCode() });
  const module = { id: BUNDLE, filename: BUNDLE, exports: {}, loaded: true, children: [] };
  // oclif requires it by its path when it looks for commands
  require.cache[BUNDLE] = module;
  script.runInThisContext()(module.exports, require, module, BUNDLE, dirname(BUNDLE));
  return { npmon: module.exports, script };
}

function readCode() {
  try {
    return readFileSync(CODE);
  } catch {
    return undefined;
  }
}
