import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const CACHE = join(ROOT, ".cache/guest");

/**
 * The tests, and the sources that they import, as JavaScript: in a guest, some twenty times slower than this machine,
 * tsx would take seconds for it. Types are not checked here; `npm run check` does that.
 *
 * @returns by path in the repository
 */
export function compileTests(): ReadonlyMap<string, Buffer> {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, "compiled."));
  try {
    const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
    const options = ["-p", "test", "--noEmit", "false", "--noCheck", "--outDir", folder];
    execFileSync(process.execPath, [compiler, ...options], {
      cwd: ROOT,
      stdio: ["ignore", "inherit", "inherit"],
    });
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".js"),
    );
    return new Map(files.map((file) => [file, readFileSync(join(folder, file))]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
