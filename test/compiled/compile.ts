import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const REGISTER = new URL("register.js", import.meta.url).href;

/** Where `npm test` has the tests and what they import as JavaScript, by path in the repository; `hooks.js` reads it. */
export const COMPILED = join(ROOT, ".cache/compiled");

/**
 * Options with which Node runs the `.ts` files of this repository as {@link COMPILED} has them, under their own names.
 * `npm test` starts some three hundred programs in TypeScript, and tsx takes a quarter of a second of CPU for each.
 */
export const RUN_COMPILED: readonly string[] = ["--import", REGISTER];

/** Whether this process runs what is in {@link COMPILED}; if not, that may be older than the sources, or not there. */
export function isCompiled(): boolean {
  return process.execArgv.includes(REGISTER);
}

/** Compiles into a folder, replacing what is there. Types are not checked; `npm run check` does that. */
export function compileTests(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const options = ["-p", "test", "--noEmit", "false", "--noCheck", "--outDir", folder];
  execFileSync(process.execPath, [compiler, ...options], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
  });
}
