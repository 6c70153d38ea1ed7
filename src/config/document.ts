import {
  Composer,
  type CST,
  Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  visit,
  type YAMLMap,
} from "yaml";
import { quoteInput } from "../query/quote.ts";
import type { Origin, Problem } from "./problem.ts";

/** How a value is reached: names of keys, numbers of list items. */
export type KeyPath = readonly (string | number)[];

/** What a file of YAML holds, and where in it. */
export interface YamlFile {
  /** A map; empty when there is nothing in the file. */
  readonly value: Readonly<Record<string, unknown>>;
  /** Where the value stands, or its key; what is not there itself is where the part of it that is there stands. */
  origin(path: KeyPath, of?: "key" | "value"): Origin;
}

/** Aliases multiply: ten of ten of ten make a thousand. More than this is an attack, as the library sees it too. */
const MAX_ALIASES = 100;
/** No configuration is deeper. The library works its way in by recursion, and Node itself ends at some 10,000. */
const MAX_DEPTH = 100;

const NOT_YAML = "this is not YAML";

/**
 * Reads YAML 1.2, with `<<` as most tools understand it. Gives the file, or all that keeps it from being one.
 * @param name of the file, for the places in it
 */
export function parseYaml(text: string, name: string): YamlFile | readonly Problem[] {
  const lines = new LineCounter();
  const originAt = (offset: number): Origin => {
    const { line, col } = lines.linePos(offset);
    return { kind: "file", file: name, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problemAt = (offset: number, message: string): Problem => ({
    origin: originAt(offset),
    key: null,
    message,
  });
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const deep = tooDeepAt(tokens);
  if (deep !== null) return [problemAt(deep, `more than ${MAX_DEPTH} levels deep`)];
  const [document = new Document(null), second] = compose(tokens, text.length);
  const problems = [
    ...document.errors.map(({ pos, message }) => problemAt(pos[0], `${NOT_YAML}: ${message}`)),
    ...document.warnings.map(({ pos, message }) => problemAt(pos[0], message)),
    ...findRepeatedKeys(document).map(({ offset, key, firstOffset }) => {
      const { line } = lines.linePos(firstOffset);
      return problemAt(
        offset,
        `the key ${quoteInput(key)} is there a second time; the first is in line ${line}`,
      );
    }),
    ...findBadAliases(document).map(({ offset, message }) => problemAt(offset, message)),
  ];
  if (second !== undefined)
    problems.push(problemAt(second.range[0], "a second document begins; expected one"));
  if (problems.length > 0) return problems;
  const root = document.contents;
  if (root !== null && !isMap(root) && !(isScalar(root) && root.value === null)) {
    return [problemAt(root.range?.[0] ?? 0, "found no map, expected keys such as `system_probe_config:`")];
  }
  try {
    const value = document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {};
    return { value, origin: (path, of = "value") => originAt(offsetOf(document, path, of)) };
  } catch (cause) {
    const offset = firstAlias(document);
    const what = cause instanceof ReferenceError ? "aliases that multiply beyond any use" : String(cause);
    return [problemAt(offset, what)];
  }
}

/** The tree of a text that {@link parseYaml} has found good, for whoever changes it. */
export function parseTree(text: string): Document.Parsed {
  const [document] = compose([...new Parser().parse(text)], text.length);
  if (document === undefined) throw new Error("a forced document is always there");
  return document;
}

function compose(tokens: readonly CST.Token[], length: number): Document.Parsed[] {
  // Keys are compared below: the library compares each with each, which thousands of networks make slow.
  const options = { prettyErrors: false, uniqueKeys: false, merge: true, logLevel: "silent" } as const;
  return [...new Composer(options).compose(tokens, true, length)];
}

/** Offset of the first token that is too deep; `null` when none is. */
function tooDeepAt(tokens: readonly CST.Token[]): number | null {
  const open: [token: CST.Token | null | undefined, depth: number][] = tokens.map((token) => [token, 0]);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [token, depth] = next;
    if (token === null || token === undefined) continue;
    if (depth > MAX_DEPTH) return "offset" in token ? token.offset : 0;
    if (token.type === "document") open.push([token.value, depth]);
    else if ("items" in token) {
      for (const { key, value } of token.items) open.push([key, depth + 1], [value, depth + 1]);
    }
  }
  return null;
}

function findRepeatedKeys(document: Document) {
  const found: { readonly offset: number; readonly key: string; readonly firstOffset: number }[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Map<string, number>();
      for (const { key } of map.items) {
        if (!isScalar(key) || isMerge(key.value)) continue;
        const name = String(key.value);
        const offset = key.range?.[0] ?? 0;
        const firstOffset = seen.get(name);
        if (firstOffset === undefined) seen.set(name, offset);
        else found.push({ offset, key: name, firstOffset });
      }
    },
  });
  return found;
}

/** Aliases of nothing, and aliases that stand inside of what they repeat. */
function findBadAliases(document: Document): { readonly offset: number; readonly message: string }[] {
  const found: { readonly offset: number; readonly message: string }[] = [];
  const anchors = new Set<string>();
  visit(document, {
    Alias(_, { source, range }, path) {
      const offset = range?.[0] ?? 0;
      const isCircle = path.some((around) => (isMap(around) || isSeq(around)) && around.anchor === source);
      if (isCircle) found.push({ offset, message: `the alias *${source} is a part of what it repeats` });
      else if (!anchors.has(source))
        found.push({ offset, message: `no &${source} stands before the alias *${source}` });
    },
    Value(_, { anchor }) {
      if (anchor !== undefined) anchors.add(anchor);
    },
  });
  return found;
}

function isMerge(key: unknown): boolean {
  return key === "<<" || (typeof key === "symbol" && key.description === "<<");
}

function firstAlias(document: Document): number {
  let offset = 0;
  visit(document, {
    Alias(_, alias) {
      offset = alias.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

function offsetOf(document: Document, path: KeyPath, of: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const [depth, step] of path.entries()) {
    const here = resolve(document, node);
    if (isSeq(here)) {
      node = here.items[Number(step)];
      offset = rangeOf(node) ?? offset;
    } else if (isMap(here)) {
      const pair = findPair(document, here, String(step));
      if (pair === undefined) return offset;
      const atKey = depth === path.length - 1 && of === "key";
      offset = (atKey ? undefined : rangeOf(pair.value)) ?? rangeOf(pair.key) ?? offset;
      node = pair.value;
    } else {
      return offset;
    }
  }
  return offset;
}

/** The key's pair in the map, or in what is merged into it. */
function findPair(document: Document, map: YAMLMap, key: string, depth = 0): Pair | undefined {
  const own = map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);
  if (own !== undefined || depth > MAX_DEPTH) return own;
  for (const pair of map.items) {
    if (!isScalar(pair.key) || !isMerge(pair.key.value)) continue;
    const merged = resolve(document, pair.value);
    for (const source of isSeq(merged) ? merged.items : [merged]) {
      const from = resolve(document, source);
      const found = isMap(from) ? findPair(document, from, key, depth + 1) : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function resolve(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

/** An empty value has a range of no length behind its key, so the key says better where it is. */
function rangeOf(node: unknown): number | undefined {
  if (node === null || typeof node !== "object" || isPair(node)) return undefined;
  const range = (node as Node).range;
  if (range === null || range === undefined) return undefined;
  return isScalar(node) && node.value === null && range[0] === range[1] ? undefined : range[0];
}
