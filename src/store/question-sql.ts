import { ENDPOINT_TAGS, FLOW_TAGS, type TagRef } from "../flow/tags.ts";
import { tagsOf } from "../query/filter.ts";
import { COUNTERS, filesSql, quoteName } from "./columns.ts";
import { columnsOfTag, filterSql, SqlParameters, type SqlValue, tagSql } from "./compile-sql.ts";
import { resolvedSql } from "./resolve-sql.ts";
import type { Sources } from "./sources.ts";
import type { Period, StoreQuery } from "./store.ts";

export interface QuestionSql {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/** Columns of a question; ungrouped, all tags that have a column. */
export function columnsOf(groupBy: StoreQuery["groupBy"]): readonly TagRef[] {
  if (typeof groupBy !== "string") return groupBy;
  return [
    ...(["source", "destination"] as const).flatMap((end) => ENDPOINT_TAGS.map((tag) => ({ end, tag }))),
    ...FLOW_TAGS.map((tag) => ({ end: "flow" as const, tag })),
  ];
}

/** What rows by client and server are made of: both ends, once. */
const isByRole = (columns: readonly TagRef[]) =>
  columns.some(({ end }) => end === "client" || end === "server");

/** The stored columns that have to be read for a question. */
export function askedColumns(query: StoreQuery): ReadonlySet<string> {
  const columns = columnsOf(query.groupBy);
  const asked = [...columns, ...(query.filter === null ? [] : tagsOf(query.filter))];
  return new Set([...asked.flatMap(columnsOfTag), ...(isByRole(columns) ? ["direction"] : [])]);
}

/** @param fitting - see {@link SqlParameters} */
export function questionSql(
  query: StoreQuery,
  sources: Sources,
  fitting: ReadonlyMap<string, readonly string[]>,
  limit: number,
): QuestionSql {
  const parameters = new SqlParameters(fitting);
  const columns = columnsOf(query.groupBy);
  const byRole = isByRole(columns);
  const conditions = windowConditions(query, parameters);
  if (query.filter !== null) conditions.push(filterSql(query.filter, parameters));
  if (byRole) conditions.push("NOT twice");
  const names = columns.map((ref, index) => `${tagSql(ref.end, ref.tag, parameters)} AS g${index}`);
  const groups = columns.map((_, index) => `g${index}`);
  const sent = (name: string) => (byRole ? swapped(name) : name);
  const sums = COUNTERS.map((name) => `coalesce(sum(${sent(name)}), 0)::DOUBLE AS ${name}`);
  const text = `WITH ${cellsSql(sources, askedColumns(query), byRole)}
SELECT ${[`${stepSql(query, parameters)} AS step`, ...names, ...sums, VOLUME].join(", ")} FROM cells
WHERE ${conditions.join(" AND ")}
GROUP BY ${["step", ...groups].join(", ")}
ORDER BY ${["step", "volume DESC", ...groups.slice(0, MAX_ORDERED)].join(", ")} LIMIT ${limit}`;
  return { text, values: parameters.values };
}

const VOLUME = "coalesce(sum(bytes_sent), 0)::DOUBLE + coalesce(sum(bytes_received), 0)::DOUBLE AS volume";

/** Rows of the same bytes come in the order of these columns, so that the same question has the same answer. */
const MAX_ORDERED = 4;

function cellsSql({ raw, summaries }: Sources, columns: ReadonlySet<string>, byRole: boolean): string {
  const names = ['"start"', ...[...columns].map(quoteName), "twice", ...COUNTERS].join(", ");
  const parts = summaries.map((files) => `SELECT ${names} FROM ${filesSql(files)} WHERE snapshot IS NULL`);
  if (raw.files.length > 0) parts.push(`SELECT ${names} FROM resolved`);
  const resolved = raw.files.length === 0 ? [] : [resolvedSql(raw, columns, byRole)];
  return [...resolved, `cells AS NOT MATERIALIZED (${parts.join("\nUNION ALL ")})`].join(",\n");
}

export function windowConditions(query: Period, parameters: SqlParameters): string[] {
  const since = `make_timestamp(${parameters.add(query.sinceMs * 1000)}::BIGINT)`;
  const until = `make_timestamp(${parameters.add(query.untilMs * 1000)}::BIGINT)`;
  return [`"start" >= ${since}`, `"start" < ${until}`];
}

export function stepSql({ sinceMs, stepMs }: Period, parameters: SqlParameters): string {
  if (stepMs === undefined) return "0";
  return `((epoch_ms("start") - ${parameters.add(sinceMs)}::BIGINT) // ${parameters.add(stepMs)}::BIGINT)::INTEGER`;
}

function swapped(name: string): string {
  const other: Readonly<Record<string, string>> = {
    bytes_sent: "bytes_received",
    bytes_received: "bytes_sent",
    packets_sent: "packets_received",
    packets_received: "packets_sent",
  };
  return other[name] === undefined
    ? name
    : `(CASE WHEN direction = 'incoming' THEN ${other[name]} ELSE ${name} END)`;
}
