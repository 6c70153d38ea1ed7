// How Node loads the `.ts` files of this repository when they are compiled: a file keeps its own URL, and what it
// imports as `.js`, as the compiler wrote it, is again the `.ts` file of that name.
import { readFile } from "node:fs/promises";

const ROOT = new URL("../../", import.meta.url).href;
/** As in compile.ts, which compiles into it. */
const COMPILED = new URL(".cache/compiled/", ROOT);

export function resolve(specifier, context, next) {
  const relative = /^(\..*)\.js$/.exec(specifier)?.[1];
  if (relative === undefined || !context.parentURL?.endsWith(".ts")) return next(specifier, context);
  return next(`${relative}.ts`, context).catch(() => next(specifier, context));
}

export async function load(url, context, next) {
  if (!url.startsWith(ROOT) || !url.endsWith(".ts")) return next(url, context);
  const path = `${url.slice(ROOT.length, -".ts".length)}.js`;
  return { format: "module", shortCircuit: true, source: await readFile(new URL(path, COMPILED), "utf8") };
}
