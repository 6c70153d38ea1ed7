import { join, relative } from "node:path";
import { buildSync } from "esbuild";

const ROOT = join(import.meta.dirname, "..");

/**
 * Path of a program of the tests as one file of JavaScript, with what it imports of npmon: it starts at once, and no
 * loader of TypeScript is in what is measured of it. Bundled at every call.
 */
export function bundleProgram(source: string): string {
  const name = relative(ROOT, source).replace(/\.ts$/, ".js");
  const outfile = join(ROOT, ".cache/bundled", name);
  buildSync({
    absWorkingDir: ROOT,
    entryPoints: [source],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    target: "node20",
    format: "esm",
    logLevel: "warning",
  });
  return outfile;
}
