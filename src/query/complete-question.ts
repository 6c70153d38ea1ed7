import { FLOW_TAGS, LABEL_PREFIX, WHOLE_VIEWS } from "../flow/tags.ts";
import { SEARCHED_TAGS } from "./filter.ts";
import { type FilterPlace, findFilterPlace } from "./filter-place.ts";
import { formatBareWord, formatText } from "./format-filter.ts";
import { findMeasure, MEASURE_NAMES } from "./measures.ts";
import { unitsOf } from "./quantity.ts";
import { quoteText } from "./quote.ts";
import { FLOW_TAG_VALUES } from "./subject.ts";
import { BUILT_IN_NAMES, ENDS, isFlowTag, type TagNames, tagKind } from "./tag-names.ts";

export type QuestionKind = "filter" | "group-by";

/** What could stand in place of the text from `from` to the cursor; what each begins with may differ in case. */
export interface Completion {
  /** In UTF-16 units from 0. */
  readonly from: number;
  /** In the order in which they are listed to people; a few hundred at most. */
  readonly candidates: readonly string[];
}

/** Values that a tag has on this host, as they are; for {@link LABEL_PREFIX} alone the names of labels. */
export type ValuesOf = (tag: string) => readonly string[];

const MAX_CANDIDATES = 300;

/**
 * What can follow in a filter or a group-by that is being typed. Never throws: where the text makes no sense there is
 * nothing to offer.
 *
 * @param cursor - in UTF-16 units from 0; what stands behind it is not looked at
 */
export function completeQuestion(
  kind: QuestionKind,
  text: string,
  cursor: number,
  valuesOf: ValuesOf,
  names: TagNames = BUILT_IN_NAMES,
): Completion {
  const typed = text.slice(0, cursor);
  const { from, candidates } =
    kind === "filter" ? completeFilter(typed, valuesOf, names) : completeGroupBy(typed, valuesOf, names);
  return { from, candidates: [...new Set(candidates)].slice(0, MAX_CANDIDATES) };
}

function completeGroupBy(typed: string, valuesOf: ValuesOf, names: TagNames): Completion {
  const items = typed.split(",");
  const item = items.pop() ?? "";
  const taken = new Set(items.map((each) => each.trim()));
  const partial = item.trimStart();
  const tags = completeName(partial, valuesOf, names).filter((name) => !taken.has(name));
  const candidates = items.length === 0 ? [...tags, ...startingWith(WHOLE_VIEWS, partial)] : tags;
  return { from: typed.length - partial.length, candidates };
}

function completeFilter(typed: string, valuesOf: ValuesOf, names: TagNames): Completion {
  const place = findFilterPlace(typed);
  const { from } = place;
  const partial = typed.slice(from);
  if (place.kind === "nowhere") return { from, candidates: [] };
  if (place.kind === "operator") return { from, candidates: startingWith(["OR"], partial) };
  if (place.kind === "value") return { from, candidates: completeValue(place, partial, valuesOf) };
  const operators = startingWith(place.follows ? ["AND", "OR", "NOT"] : ["NOT"], partial, true);
  if (partial !== "" && operators.length > 0) return { from, candidates: operators };
  const tags = completeName(partial, valuesOf, names).map((name) => (name.endsWith(".") ? name : `${name}:`));
  const measures = startingWith(MEASURE_NAMES, partial).map((name) => `${name}:`);
  const candidates = [...tags, ...measures, ...operators];
  return { from, candidates: candidates.length > 0 ? candidates : completeWord(partial, valuesOf) };
}

/** The names that begin so; ends and `label.` end with a dot, for more has to follow. */
function completeName(partial: string, valuesOf: ValuesOf, names: TagNames): string[] {
  const [, end = "", rest = partial] = /^(src|dst|[a-z]+)\.(.*)$/s.exec(partial) ?? [];
  if (Object.hasOwn(ENDS, end)) {
    return completeEndpointTag(rest, valuesOf, names).map((name) => `${end}.${name}`);
  }
  const ends = ["source.", "destination.", "client.", "server."];
  return [
    ...completeEndpointTag(partial, valuesOf, names),
    ...startingWith(FLOW_TAGS, partial),
    ...startingWith(ends, partial),
  ];
}

function completeEndpointTag(partial: string, valuesOf: ValuesOf, names: TagNames): string[] {
  if (!partial.startsWith(LABEL_PREFIX)) return startingWith([...names.endpointTags, LABEL_PREFIX], partial);
  const labels = valuesOf(LABEL_PREFIX).filter((name) => /^[\w./-]+$/.test(name));
  return startingWith(
    labels.map((name) => LABEL_PREFIX + name),
    partial,
  );
}

function completeValue(
  { name }: FilterPlace & { readonly kind: "value" },
  partial: string,
  valuesOf: ValuesOf,
): string[] {
  if (findMeasure(name) !== undefined) return completeQuantity(name, partial);
  const tag = withoutEnd(name);
  const known = partial === "" ? ["*"] : [];
  if (isFlowTag(tag)) return [...startingWith(FLOW_TAG_VALUES[tag], partial), ...known];
  const values = valuesOf(tag);
  if (tagKind(tag) !== "text") return [...startingWith(values, partial), ...known];
  return [...completeText(values, partial, formatText), ...known];
}

/** Between quotes if the quotes are there already. */
function completeText(
  values: readonly string[],
  partial: string,
  format: (value: string) => string,
): string[] {
  const isQuoted = /^["']/.test(partial);
  const begun = isQuoted ? partial.slice(1).replaceAll(/\\(["'\\])/g, "$1") : partial;
  return startingWith(values, begun).map(isQuoted ? quoteText : format);
}

/** A word without a tag can be the beginning of one of these names. */
function completeWord(partial: string, valuesOf: ValuesOf): string[] {
  if (partial === "") return [];
  const values = new Set(SEARCHED_TAGS.filter((tag) => tag !== "ip").flatMap((tag) => valuesOf(tag)));
  return completeText([...values], partial, formatBareWord);
}

function completeQuantity(measure: string, partial: string): string[] {
  if (partial === "") return [">", ">=", "<", "<=", "0", "*"];
  const [, amount, unit] = /^((?:[<>]=?)?\d[\d.]*)([a-z/µ]*)$/i.exec(partial) ?? [];
  if (amount === undefined || unit === undefined) return [];
  const units = unitsOf(findMeasure(measure)?.units ?? "none");
  return startingWith(units, unit).map((each) => amount + each);
}

function withoutEnd(name: string): string {
  const dot = name.indexOf(".");
  return Object.hasOwn(ENDS, name.slice(0, Math.max(0, dot))) ? name.slice(dot + 1) : name;
}

function startingWith(words: readonly string[], partial: string, exactly = false): string[] {
  const wanted = exactly ? partial : partial.toLowerCase();
  return words.filter((word) =>
    (exactly ? word : word.slice(0, partial.length).toLowerCase()).startsWith(wanted),
  );
}
