import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";

const CACHE = join(import.meta.dirname, "../../.cache");
const COMPILER = "clang-19";

/**
 * Path of the compiled traffic program. Compiles it when a source is newer; several test processes may do so at the
 * same time, the last one wins.
 */
export function buildTraffic(): string {
  const files = readdirSync(import.meta.dirname).filter((name) => /\.[ch]$/.test(name));
  const paths = files.map((name) => join(import.meta.dirname, name));
  const program = join(CACHE, "traffic");
  const newestMs = Math.max(...paths.map((path) => statSync(path).mtimeMs));
  if (existsSync(program) && statSync(program).mtimeMs >= newestMs) return program;
  mkdirSync(CACHE, { recursive: true });
  const fresh = join(CACHE, `traffic.${process.pid}.tmp`);
  const sources = paths.filter((path) => path.endsWith(".c"));
  execFileSync(COMPILER, ["-O2", "-Wall", "-Werror", "-pthread", ...sources, "-o", fresh], {
    stdio: "inherit",
  });
  renameSync(fresh, program);
  return program;
}
