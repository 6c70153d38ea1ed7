import { compileMatch } from "../query/compile-match.ts";
import type { Filter } from "../query/filter.ts";
import { makeAnswer } from "./answer.ts";
import { readReports } from "./answer-report.ts";
import { filesSql, quoteName } from "./columns.ts";
import { networkTerms } from "./compile-sql.ts";
import type { Duck } from "./duckdb.ts";
import type { Partitions } from "./partitions.ts";
import { askedColumns, columnsOf, questionSql } from "./question-sql.ts";
import { reportsSql } from "./reports-sql.ts";
import { chooseSources } from "./sources.ts";
import { maxAnswerRows, type StoreAnswer, type StoreQuery } from "./store.ts";

/** The most hosts that are named. */
const MAX_HOSTS = 1000;

/** Answers a question from the files that there are. */
export async function ask(duck: Duck, partitions: Partitions, query: StoreQuery): Promise<StoreAnswer> {
  const columns = columnsOf(query.groupBy);
  const sources = chooseSources(query, askedColumns(query), partitions);
  if (sources.reports.length === 0) return makeAnswer(query, columns, [], readReports([]));
  const fitting = await fittingAddresses(duck, query.filter, sources.reports);
  const flows = questionSql(query, sources, fitting, maxAnswerRows(columns.length) + 1);
  const rows = await duck.all(flows.text, flows.values);
  const reports = reportsSql(query, sources.reports, MAX_HOSTS);
  return makeAnswer(query, columns, rows, readReports(await duck.all(reports.text, reports.values)));
}

/** The addresses and networks in the files that lie in the networks which a filter asks for. */
async function fittingAddresses(
  duck: Duck,
  filter: Filter | null,
  files: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for (const [network, tags] of filter === null ? [] : networkTerms(filter)) {
    const fits = compileMatch({ kind: "network", network }, "none");
    const columns = [...tags].flatMap((tag) => [`source.${tag}`, `destination.${tag}`]).map(quoteName);
    // each of them by itself, for files differ in their columns
    const distinct = columns.map((column) => `SELECT DISTINCT ${column} AS v FROM ${filesSql(files)}`);
    const rows = await duck.all(distinct.join(" UNION "));
    const values = rows.flatMap(({ v }) => (typeof v === "string" && fits(v) ? [v] : []));
    // an empty list has no type
    found.set(network, values.length === 0 ? [""] : values);
  }
  return found;
}
