import type { TagRef } from "../flow/tags.ts";
import type { PatternPart } from "./pattern.ts";
import type { Quantity } from "./quantity.ts";
import { type AskedTag, refsOf } from "./tag-names.ts";

/**
 * What rows and flows must be like. Frozen, and in one shape for one meaning: an `and` in an `and` is one `and`, `not`
 * of `not` is nothing, an `and` or `or` has two parts or more. {@link allOf}, {@link anyOf} and {@link noneOf} keep it so.
 */
export type Filter = AndFilter | OrFilter | NotFilter | Term;

export interface AndFilter {
  readonly kind: "and";
  readonly parts: readonly Filter[];
}

export interface OrFilter {
  readonly kind: "or";
  readonly parts: readonly Filter[];
}

export interface NotFilter {
  readonly kind: "not";
  readonly part: Filter;
}

export type Term = TagTerm | WordTerm | MeasureTerm;

/** One of the values fits the tag; with `end: "any"` that of either end. What is not known fits nothing. */
export interface TagTerm {
  readonly kind: "tag";
  readonly asked: AskedTag;
  /** Never empty. */
  readonly values: readonly Match[];
}

/** A word without a tag fits when one of {@link SEARCHED_TAGS} of either end does; an address or network only `ip`. */
export interface WordTerm {
  readonly kind: "word";
  readonly value: TextMatch | PatternMatch | NetworkMatch;
}

/** One of the values fits a number of the row. */
export interface MeasureTerm {
  readonly kind: "measure";
  readonly measure: string;
  /** Never empty. */
  readonly values: readonly Match[];
}

/** What a word without a tag is looked for in. */
export const SEARCHED_TAGS = ["service", "process", "container", "domain", "host", "ip"] as const;

export type Match = KnownMatch | TextMatch | PatternMatch | NetworkMatch | CompareMatch | RangeMatch;

/** There is a value. */
export interface KnownMatch {
  readonly kind: "known";
}

/** The same text but for upper and lower case; addresses in the one form in which npmon writes them. */
export interface TextMatch {
  readonly kind: "text";
  readonly text: string;
}

export interface PatternMatch {
  readonly kind: "pattern";
  readonly parts: readonly PatternPart[];
}

/** The address, or network, lies in this one. */
export interface NetworkMatch {
  readonly kind: "network";
  /** As `parseNetwork` gives it. */
  readonly network: string;
}

export type CompareOperator = "=" | ">" | ">=" | "<" | "<=";

export interface CompareMatch {
  readonly kind: "compare";
  readonly operator: CompareOperator;
  readonly quantity: Quantity;
}

/** Both ends included. */
export interface RangeMatch {
  readonly kind: "range";
  readonly min: Quantity;
  readonly max: Quantity;
}

export const KNOWN: KnownMatch = Object.freeze({ kind: "known" });

/** @param parts - one or more */
export function allOf(parts: readonly Filter[]): Filter {
  return join("and", parts);
}

/** @param parts - one or more */
export function anyOf(parts: readonly Filter[]): Filter {
  return join("or", parts);
}

export function noneOf(part: Filter): Filter {
  return part.kind === "not" ? part.part : Object.freeze({ kind: "not", part });
}

function join(kind: "and" | "or", parts: readonly Filter[]): Filter {
  const flat = parts.flatMap((part) => (part.kind === kind ? part.parts : [part]));
  const [only] = flat;
  if (only === undefined) throw new RangeError(`an ${kind} of nothing`);
  return flat.length === 1 ? only : Object.freeze({ kind, parts: Object.freeze(flat) });
}

/** A filter in the two steps in which it is asked; `null` where there is nothing to ask. */
export interface FilterParts {
  /** Which flows count: the terms on tags. */
  readonly flows: Filter | null;
  /** Which of the rows made of them are given: the terms on measures. */
  readonly rows: Filter | null;
}

/** Splits at the outermost `and`; whoever parsed the filter has seen to it that no other part mixes the two. */
export function splitFilter(filter: Filter): FilterParts {
  const flows: Filter[] = [];
  const rows: Filter[] = [];
  for (const part of filter.kind === "and" ? filter.parts : [filter]) {
    (asksMeasures(part) ? rows : flows).push(part);
  }
  return Object.freeze({
    flows: flows.length === 0 ? null : allOf(flows),
    rows: rows.length === 0 ? null : allOf(rows),
  });
}

function asksMeasures(filter: Filter): boolean {
  for (const term of termsOf(filter)) if (term.kind === "measure") return true;
  return false;
}

export function* termsOf(filter: Filter): Generator<Term> {
  if (filter.kind === "not") yield* termsOf(filter.part);
  else if (filter.kind === "and" || filter.kind === "or") {
    for (const part of filter.parts) yield* termsOf(part);
  } else yield filter;
}

/** The tags that a filter looks at, each once; both ends for one that was asked without a prefix. */
export function tagsOf(filter: Filter): readonly TagRef[] {
  const refs = new Map<string, TagRef>();
  for (const term of termsOf(filter)) {
    for (const asked of askedTags(term)) {
      for (const ref of refsOf(asked)) refs.set(`${ref.end}.${ref.tag}`, ref);
    }
  }
  return Object.freeze([...refs.values()]);
}

/** The tags that one term looks at, as they were asked. */
export function askedTags(term: Term): readonly AskedTag[] {
  if (term.kind === "measure") return [];
  if (term.kind === "tag") return [term.asked];
  const tags = term.value.kind === "network" ? ["ip"] : SEARCHED_TAGS;
  return tags.map((tag) => ({ end: "any", tag }));
}
