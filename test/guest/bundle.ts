import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";

const ROOT = join(import.meta.dirname, "../..");

/** A module in a bundle still stands where it stood, as JavaScript. */
const KEEP_PLACES: Plugin = {
  name: "keep-places",
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.(ts|js)$/ }, ({ path }) => {
      if (path.includes("/node_modules/")) return null;
      const places = {
        url: pathToFileURL(path).href,
        dirname: dirname(path),
        filename: path.replace(/\.ts$/, ".js"),
      };
      const contents = readFileSync(path, "utf8").replaceAll(
        /\bimport\.meta\.(url|dirname|filename)\b/g,
        (_, name: keyof typeof places) => JSON.stringify(places[name]),
      );
      return { contents, loader: path.endsWith(".ts") ? "ts" : "js" };
    });
  },
};

/**
 * Programs and test files of this repository as JavaScript, each with all that it imports but a few packages. A guest is some
 * twenty times slower than this machine, and Node takes three times as long for hundreds of small files.
 *
 * @param sources - paths in the repository, `test/guest/inside.ts`
 * @returns by path in the repository, as `.js`, what they share in files of its own
 */
export async function bundle(sources: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [...sources],
    outdir: ROOT,
    outbase: ROOT,
    chunkNames: "test/guest/chunk-[hash]",
    bundle: true,
    splitting: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    external: ["koffi", "@duckdb/node-api"],
    banner: {
      // for packages that are CommonJS
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
    plugins: [KEEP_PLACES],
    logLevel: "warning",
  });
  return new Map(
    outputFiles.map(({ path, contents }) => [relative(ROOT, path), Buffer.from(contents)] as const),
  );
}
