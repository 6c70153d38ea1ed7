import { ENDPOINT_TAGS, FLOW_TAGS, type TagRef } from "../flow/tags.ts";
import { tagsOf } from "../query/filter.ts";
import { COUNTERS, quoteName } from "./columns.ts";
import { filterSql, SqlParameters, type SqlValue, tagSql } from "./compile-sql.ts";
import type { StoreQuery } from "./store.ts";

/** What an address says by itself; for any other tag of a far end, the host that has the address is asked. */
const PLAIN_TAGS: ReadonlySet<string> = new Set(["ip", "port", "subnet", "range", "domain", "netns"]);

/** What the host that has the address says of it. */
const RESOLVED_TAGS = ENDPOINT_TAGS.filter((tag) => !PLAIN_TAGS.has(tag) && tag !== "host");

export interface QuestionSql {
  readonly text: string;
  readonly values: readonly SqlValue[];
  readonly columns: readonly TagRef[];
}

/** Columns of a question; ungrouped, all tags that have a column. */
export function columnsOf(groupBy: StoreQuery["groupBy"]): readonly TagRef[] {
  if (typeof groupBy !== "string") return groupBy;
  return [
    ...(["source", "destination"] as const).flatMap((end) => ENDPOINT_TAGS.map((tag) => ({ end, tag }))),
    ...FLOW_TAGS.map((tag) => ({ end: "flow" as const, tag })),
  ];
}

/** @param fitting - see {@link SqlParameters} */
export function questionSql(
  query: StoreQuery,
  files: readonly string[],
  fitting: ReadonlyMap<string, readonly string[]>,
  limit: number,
): QuestionSql {
  const parameters = new SqlParameters(fitting);
  const columns = columnsOf(query.groupBy);
  const asked = [...columns, ...(query.filter === null ? [] : tagsOf(query.filter))];
  const byRole = columns.some(({ end }) => end === "client" || end === "server");
  const isFarAsked = asked.some(({ end, tag }) => end !== "source" && end !== "flow" && !PLAIN_TAGS.has(tag));
  const parts = [
    windowSql(query, files, parameters),
    ...(isFarAsked ? [resolveSql(asked)] : []),
    ...(byRole ? [OUTGOING] : []),
  ];
  const conditions = [query.filter === null ? "true" : filterSql(query.filter, parameters)];
  if (byRole) conditions.push(COUNTED_ONCE);
  const names = columns.map((ref, index) => `${tagSql(ref.end, ref.tag, parameters)} AS g${index}`);
  const groups = columns.map((_, index) => `g${index}`);
  const step = query.stepMs === undefined ? "0" : windowNumberSql(query, query.stepMs, parameters);
  const sent = (name: string) => (byRole ? swapped(name) : name);
  const sums = COUNTERS.map((name) => `sum(${sent(name)})::DOUBLE AS ${name}`);
  const text = `WITH ${parts.join(",\n")}
SELECT ${[`${step} AS step`, ...names, ...sums].join(", ")},
  sum(active::DOUBLE * interval_ms) AS active_ms,
  sum(rtt_us * rtt_weight)::DOUBLE AS rtt_sum, sum(rtt_var_us * rtt_weight)::DOUBLE AS rtt_var_sum,
  sum(CASE WHEN rtt_us IS NULL THEN 0 ELSE rtt_weight END)::DOUBLE AS rtt_weight
FROM ${isFarAsked ? "resolved" : "seen"} AS r
WHERE ${conditions.join(" AND ")}
GROUP BY ${["step", ...groups].join(", ")}
ORDER BY step, sum(bytes_sent + bytes_received) DESC LIMIT ${limit}`;
  return { text, values: parameters.values, columns };
}

/** The rows of kind `flow` of snapshots that began in the window. */
function windowSql(query: StoreQuery, files: readonly string[], parameters: SqlParameters): string {
  const since = `make_timestamp(${parameters.add(query.sinceMs * 1000)}::BIGINT)`;
  const until = `make_timestamp(${parameters.add(query.untilMs * 1000)}::BIGINT)`;
  return `seen AS (SELECT * FROM ${filesSql(files)} WHERE kind = 'flow' AND "start" >= ${since} AND "start" < ${until})`;
}

/** The names are the store's own, but the folder is somebody's. */
export function filesSql(files: readonly string[]): string {
  return `read_parquet([${files.map((file) => `'${file.replaceAll("'", "''")}'`).join(", ")}], hive_partitioning = false)`;
}

function windowNumberSql(query: StoreQuery, stepMs: number, parameters: SqlParameters): string {
  const since = parameters.add(query.sinceMs);
  return `((epoch_ms("start") - ${since}::BIGINT) // ${parameters.add(stepMs)}::BIGINT)::INTEGER`;
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

/** An address that every host has says nothing between hosts. */
const LOOPBACK = (ip: string) => `(${ip} LIKE '127.%' OR ${ip} = '::1')`;

const OUTGOING = `outgoing AS (
  SELECT DISTINCT "source.ip" AS client, "destination.ip" AS server, "destination.port" AS port, protocol,
    CASE WHEN ${LOOPBACK('"source.ip"')} THEN host END AS scope
  FROM seen WHERE direction = 'outgoing')`;

/** What the end that was called says is left out where the caller's own report is here. */
const COUNTED_ONCE = `NOT coalesce(direction = 'incoming' AND EXISTS (
  SELECT 1 FROM outgoing o WHERE o.client = r."destination.ip" AND o.server = r."source.ip" AND o.port = r."source.port"
    AND o.protocol = r.protocol AND o.scope IS NOT DISTINCT FROM (CASE WHEN ${LOOPBACK('r."source.ip"')} THEN r.host END)), false)`;

/** Rows whose far end has the tags that the host with its address gives it. */
function resolveSql(asked: readonly TagRef[]): string {
  const wanted = new Set(asked.map(({ tag }) => tag));
  const tags = RESOLVED_TAGS.filter((tag) => wanted.has(tag));
  const name = (tag: string) => quoteName(`source.${tag}`);
  const hosts = `hosts AS (SELECT "source.ip" AS ip, min(host) AS host FROM seen
  WHERE "source.ip" IS NOT NULL AND NOT ${LOOPBACK('"source.ip"')} GROUP BY ALL HAVING min(host) = max(host))`;
  // who listens there: the latest who did
  const servers = `servers AS (SELECT "source.ip" AS ip, "source.port" AS port, protocol${tags
    .map((tag) => `, arg_max(${name(tag)}, "start") AS ${quoteName(tag)}`)
    .join("")} FROM seen WHERE "source.ip" IS NOT NULL AND "source.port" IS NOT NULL
    AND NOT ${LOOPBACK('"source.ip"')} GROUP BY ALL)`;
  // who calls from there: only where all callers are alike, for ephemeral ports tell nothing
  const callers = `callers AS (SELECT "source.ip" AS ip, "destination.ip" AS server, "destination.port" AS port, protocol${tags
    .map(
      (tag) =>
        `, CASE WHEN min(${name(tag)}) = max(${name(tag)}) THEN min(${name(tag)}) END AS ${quoteName(tag)}`,
    )
    .join("")} FROM seen WHERE direction = 'outgoing' AND NOT ${LOOPBACK('"source.ip"')}
    GROUP BY "source.ip", "destination.ip", "destination.port", protocol)`;
  const found = tags.map(
    (tag) =>
      `CASE WHEN s."destination.host" IS NULL THEN coalesce(s."destination.${tag}", servers.${quoteName(tag)}, callers.${quoteName(tag)}) ELSE s."destination.${tag}" END AS "destination.${tag}"`,
  );
  found.push('coalesce(s."destination.host", hosts.host) AS "destination.host"');
  return `${hosts},\n${servers},\n${callers},
resolved AS (SELECT s.* REPLACE (${found.join(", ")}) FROM seen s
  LEFT JOIN hosts ON hosts.ip = s."destination.ip"
  LEFT JOIN servers ON servers.ip = s."destination.ip" AND servers.port = s."destination.port" AND servers.protocol = s.protocol
  LEFT JOIN callers ON s.direction = 'incoming' AND callers.ip = s."destination.ip" AND callers.server = s."source.ip"
    AND callers.port = s."source.port" AND callers.protocol = s.protocol)`;
}
