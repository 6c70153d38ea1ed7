import { ENDPOINT_TAGS, type TagRef } from "../flow/tags.ts";
import { askedTags, type Filter, type Match, termsOf } from "../query/filter.ts";
import { quantityValue } from "../query/quantity.ts";
import { type AskedTag, tagKind } from "../query/tag-names.ts";
import { quoteName } from "./columns.ts";

const BUILT_IN: ReadonlySet<string> = new Set(ENDPOINT_TAGS);

export type SqlValue = string | number | readonly string[];

/** Values go to DuckDB beside the text, never in it. */
export class SqlParameters {
  readonly values: SqlValue[] = [];
  /** The addresses in the store that lie in a network. */
  readonly fitting: ReadonlyMap<string, readonly string[]>;

  constructor(fitting: ReadonlyMap<string, readonly string[]> = new Map()) {
    this.fitting = fitting;
  }

  add(value: SqlValue): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** The column, or the expression, that has a tag of one end of a row. */
export function tagSql(end: string, tag: string, parameters: SqlParameters): string {
  if (end === "flow") return quoteName(tag);
  if (end === "client" || end === "server") {
    const incoming = tagSql(end === "client" ? "destination" : "source", tag, parameters);
    const other = tagSql(end === "client" ? "source" : "destination", tag, parameters);
    return `CASE WHEN direction = 'incoming' THEN ${incoming} ELSE ${other} END`;
  }
  if (BUILT_IN.has(tag)) return quoteName(`${end}.${tag}`);
  return `json_extract_string(${quoteName(`${end}_tags`)}, ${parameters.add(pointer(tag))})`;
}

/** As JSON pointers name a member. */
function pointer(name: string): string {
  return `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** The stored columns that {@link tagSql} looks at. */
export function columnsOfTag({ end, tag }: TagRef): readonly string[] {
  if (end === "flow") return [tag];
  const name = (one: string) => (BUILT_IN.has(tag) ? `${one}.${tag}` : `${one}_tags`);
  if (end === "source" || end === "destination") return [name(end)];
  return [name("source"), name("destination"), "direction"];
}

/** The filter as a condition that is true or false, never NULL. Measures are not asked here: they are for rows. */
export function filterSql(filter: Filter, parameters: SqlParameters): string {
  switch (filter.kind) {
    case "and":
    case "or":
      return `(${filter.parts.map((part) => filterSql(part, parameters)).join(filter.kind === "and" ? " AND " : " OR ")})`;
    case "not":
      return `NOT ${filterSql(filter.part, parameters)}`;
    case "measure":
      return "true";
    case "tag":
      return termSql([filter.asked], filter.values, parameters);
    case "word":
      return termSql(askedTags(filter), [filter.value], parameters);
  }
}

function termSql(asked: readonly AskedTag[], values: readonly Match[], parameters: SqlParameters): string {
  const tests = asked.flatMap(({ end, tag }) =>
    (end === "any" ? ["source", "destination"] : [end]).flatMap((one) =>
      values.map((value) => {
        const isNumber = end !== "flow" && tagKind(tag) === "number";
        return matchSql(tagSql(one, tag, parameters), isNumber, value, parameters);
      }),
    ),
  );
  return `(${tests.join(" OR ")})`;
}

function matchSql(sql: string, isNumber: boolean, match: Match, parameters: SqlParameters): string {
  const test = isNumber ? numberSql(sql, match, parameters) : textSql(sql, match, parameters);
  return `coalesce(${test}, false)`;
}

function numberSql(sql: string, match: Match, parameters: SqlParameters): string {
  if (match.kind === "known") return `${sql} IS NOT NULL`;
  if (match.kind === "compare") {
    // one of five operators by its type
    return `${sql} ${match.operator} ${parameters.add(quantityValue(match.quantity, "none"))}`;
  }
  if (match.kind !== "range") return "false";
  const min = parameters.add(quantityValue(match.min, "none"));
  const max = parameters.add(quantityValue(match.max, "none"));
  return `${sql} BETWEEN ${min} AND ${max}`;
}

function textSql(sql: string, match: Match, parameters: SqlParameters): string {
  switch (match.kind) {
    case "known":
      return `${sql} IS NOT NULL`;
    case "text":
      return `lower(${sql}) = lower(${parameters.add(match.text)})`;
    case "pattern": {
      const like = match.parts.map((part) =>
        part.kind === "any" ? "%" : part.kind === "one" ? "_" : part.text.replaceAll(/[%_\\]/g, "\\$&"),
      );
      return `lower(${sql}) LIKE lower(${parameters.add(like.join(""))}) ESCAPE '\\'`;
    }
    case "network":
      return networkSql(sql, match.network, parameters);
    default:
      return "false";
  }
}

/** Addresses are told apart by the code that tells them apart on the screen: see {@link networkTerms}. */
function networkSql(sql: string, network: string, parameters: SqlParameters): string {
  const fitting = parameters.fitting.get(network) ?? [];
  return `list_contains(${parameters.add(fitting)}, ${sql})`;
}

/** The networks that a filter asks for, and the tags that it asks. */
export function networkTerms(filter: Filter): ReadonlyMap<string, ReadonlySet<string>> {
  const terms = new Map<string, Set<string>>();
  for (const term of termsOf(filter)) {
    if (term.kind === "measure") continue;
    for (const value of term.kind === "tag" ? term.values : [term.value]) {
      if (value.kind !== "network") continue;
      const tags = terms.get(value.network) ?? new Set<string>();
      for (const { tag } of askedTags(term)) tags.add(tag);
      terms.set(value.network, tags);
    }
  }
  return terms;
}
