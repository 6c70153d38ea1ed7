import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { COMPILED, compileTests, isCompiled } from "../compiled/compile.ts";

const CACHE = join(import.meta.dirname, "../../.cache");

/**
 * The tests, and the sources that they import, as JavaScript: in a guest, some twenty times slower than this machine,
 * tsx would take seconds for it.
 *
 * @returns by path in the repository
 */
export function compiledTests(): ReadonlyMap<string, Buffer> {
  if (isCompiled()) return filesOf(COMPILED);
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, "compiled."));
  try {
    compileTests(folder);
    return filesOf(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function filesOf(folder: string): ReadonlyMap<string, Buffer> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".js"),
  );
  return new Map(files.map((file) => [file, readFileSync(join(folder, file))]));
}
