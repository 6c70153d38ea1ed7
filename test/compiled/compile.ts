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

/** Compiles into {@link COMPILED}, replacing what is there. Types are not checked; `npm run check` does that. */
export function compileTests(): void {
  rmSync(COMPILED, { recursive: true, force: true });
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const options = ["-p", "test", "--noEmit", "false", "--noCheck", "--outDir", COMPILED];
  execFileSync(process.execPath, [compiler, ...options], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
  });
}
