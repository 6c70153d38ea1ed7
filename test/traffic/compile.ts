import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const CACHE = join(import.meta.dirname, "../../.cache");
const COMPILER = "clang-19";

/**
 * Path of a small C program, compiled when a source is newer, under the name of the first source. Several test
 * processes may do so at the same time, the last one wins.
 */
export function compileProgram(sources: readonly [string, ...string[]]): string {
  const name = basename(sources[0], ".c");
  const program = join(CACHE, name);
  // A guest has no sources, only what was compiled of them.
  const newestMs = Math.max(...sources.filter(existsSync).map((path) => statSync(path).mtimeMs));
  if (existsSync(program) && statSync(program).mtimeMs >= newestMs) return program;
  mkdirSync(CACHE, { recursive: true });
  const fresh = join(CACHE, `${name}.${process.pid}.tmp`);
  const includes = sources.map((path) => `-I${dirname(path)}`);
  execFileSync(COMPILER, ["-O2", "-Wall", "-Werror", "-pthread", ...includes, ...sources, "-o", fresh], {
    stdio: "inherit",
  });
  renameSync(fresh, program);
  return program;
}
