import type * as z from "zod";
import { nearestWord } from "../query/edit-distance.ts";
import { quoteInput } from "../query/quote.ts";
import type { KeyPath } from "./document.ts";
import { type Block, isBlock, KEYS, keysOf, schemaAt } from "./key.ts";
import type { Origin, Problem } from "./problem.ts";
import { LEAVES, ROOT } from "./schema.ts";

/** Where to find what a path leads to. */
export type Locate = (path: KeyPath, of?: "key" | "value") => Origin;

/** All that does not fit the schema. `above` is the way to what the schema is for. */
export function findProblems(
  schema: z.ZodType,
  value: unknown,
  above: readonly string[],
  locate: Locate,
): readonly Problem[] {
  const result = schema.safeParse(value);
  const misshapen = (result.success ? [] : result.error.issues).map((issue): Problem => {
    const path = issue.path.filter((step) => typeof step !== "symbol");
    const [extra] = issue.code === "unrecognized_keys" ? issue.keys : [];
    const full = [...above, ...path, ...(extra === undefined ? [] : [extra])];
    return {
      origin: locate(full, extra === undefined ? "value" : "key"),
      key: formatKey(full),
      message: messageOf(valueAt(value, path), schemaAt(schema, full.slice(above.length)), extra),
    };
  });
  return [...misshapen, ...findNonsense(schema, value, above, locate)];
}

/** What has the right shape and makes no sense. */
function findNonsense(
  schema: z.ZodType,
  value: unknown,
  above: readonly string[],
  locate: Locate,
): readonly Problem[] {
  const problems: Problem[] = [];
  KEYS.get(schema)?.check?.(value, ({ path, isKey = false, message }) => {
    const full = [...above, ...path];
    problems.push({ origin: locate(full, isKey ? "key" : "value"), key: formatKey(full), message });
  });
  if (!isBlock(schema)) return problems;
  return keysOf(schema).flatMap(([name, inside]) =>
    findNonsense(inside, valueAt(value, [name]), [...above, name], locate),
  );
}

function messageOf(found: unknown, schema: z.ZodType, extra: string | undefined): string {
  const { expects = "something else", isSecret = false } = KEYS.get(schema) ?? {};
  if (extra !== undefined) return `found the key ${quoteInput(extra)}, expected ${expects}`;
  return `found ${isSecret ? "something secret" : formatFound(found)}, expected ${expects}`;
}

/** `npmon.forward.to[0].url`; what is no plain word is quoted. */
export function formatKey(path: KeyPath): string {
  return path
    .map((step, index) => {
      if (typeof step === "number") return `[${step}]`;
      const word = /^[\w-]+$/.test(step) ? step : quoteInput(step);
      return index === 0 ? word : `.${word}`;
    })
    .join("");
}

function formatFound(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return typeof value === "string" ? `the text ${quoteInput(value)}` : String(value);
}

export function valueAt(value: unknown, path: KeyPath): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== "object" || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Record<string | number, unknown>)[step];
  }
  return here;
}

/** Keys of the file that npmon does not know. They are kept: another program may read the same file. */
export function findUnknownKeys(value: unknown, locate: Locate): readonly UnknownKey[] {
  return unknownIn(ROOT as never, value, [], locate);
}

export interface UnknownKey extends Problem {
  /** A key of npmon's may have been meant. */
  readonly isLikelyMistake: boolean;
}

function unknownIn(block: Block, value: unknown, above: readonly string[], locate: Locate): UnknownKey[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  const known = new Map(keysOf(block));
  return Object.entries(value).flatMap(([name, inside]) => {
    const path = [...above, name];
    const schema = known.get(name);
    if (schema !== undefined) return isBlock(schema) ? unknownIn(schema, inside, path, locate) : [];
    const meant = meantBy(name, above, [...known.keys()]);
    const message = `npmon does not know this key${meant === null ? "" : `; did you mean \`${meant}\`?`}`;
    return [{ origin: locate(path, "key"), key: formatKey(path), message, isLikelyMistake: meant !== null }];
  });
}

/** The nearest of its neighbours, else a key of that name somewhere else. */
function meantBy(name: string, above: readonly string[], neighbours: readonly string[]): string | null {
  if (name === "sysprobe_socket") return null; // of the agent's example file: one process needs none
  const nearest = nearestWord(name.slice(0, 100), neighbours);
  if (nearest !== null) return [...above, nearest].join(".");
  // Other sections belong to other programs.
  if (above.length === 0 && name !== name.toLowerCase()) return null;
  const elsewhere = LEAVES.filter((leaf) => leaf.path.at(-1) === name);
  return elsewhere.length === 1 ? (elsewhere[0]?.name ?? null) : null;
}
