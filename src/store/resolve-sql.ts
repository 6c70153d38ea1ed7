import { COUNTERS, filesSql, quoteName } from "./columns.ts";

/** The data of some hours. */
export interface RawHours {
  readonly files: readonly string[];
  /** Of the hours before and after them, as far as they are none of them. */
  readonly edgeFiles: readonly string[];
}

/**
 * A conversation that the caller's host has counted in this hour and the server's host in the next is one still: the
 * callers' reports that began so shortly before the hour or after it are looked at too.
 */
export const EDGE_MS = 600_000;

/** What an address says by itself; for any other tag of a far end, the host that has the address is asked. */
const PLAIN_TAGS: ReadonlySet<string> = new Set(["ip", "port", "subnet", "range", "domain", "netns"]);

/** An address that every host has says nothing between hosts. */
const loopback = (ip: string) => `(${ip} LIKE '127.%' OR ${ip} = '::1')`;

/**
 * Table expressions that end with `resolved`: `start`, the columns asked and the counters of every row. Of what is
 * reported by both ends, `twice` is true in the row of the end that was called; and the far end has the tags that its own
 * host gives it. Both are decided hour by hour, from all rows of the hour whatever is asked of them, so that a summary
 * of an hour and its rows tell the same.
 *
 * @param columns - stored columns of tags
 */
export function resolvedSql(
  { files, edgeFiles }: RawHours,
  columns: ReadonlySet<string>,
  countsOnce: boolean,
): string {
  const isFar = (name: string) => name.startsWith("destination.") && !PLAIN_TAGS.has(name.slice(12));
  const far = [...columns].filter((name) => isFar(name) || name === "destination_tags");
  const tags = far.filter((name) => name !== "destination.host");
  const found = (name: string): string => {
    const own = `s.${quoteName(name)}`;
    if (name === "destination.host") return `coalesce(${own}, hosts.host) AS ${quoteName(name)}`;
    if (!far.includes(name)) return own;
    const others = `coalesce(${own}, servers.${quoteName(name)}, callers.${quoteName(name)})`;
    return `CASE WHEN s."destination.host" IS NULL THEN ${others} ELSE ${own} END AS ${quoteName(name)}`;
  };
  const twice = countsOnce ? "coalesce(s.direction = 'incoming' AND o.client IS NOT NULL, false)" : "false";
  const expressions = [
    rowsSql("raw", files),
    ...(columns.has("destination.host") ? [HOSTS] : []),
    ...(tags.length > 0 ? [serversSql(tags), callersSql(tags)] : []),
    ...(countsOnce ? [rowsSql("edges", [...files, ...edgeFiles]), OUTGOING] : []),
  ];
  const joins = [
    ...(columns.has("destination.host")
      ? ['LEFT JOIN hosts ON hosts.hour = s.hour AND hosts.ip = s."destination.ip"']
      : []),
    ...(tags.length > 0 ? [JOIN_FAR] : []),
    ...(countsOnce ? [JOIN_OUTGOING] : []),
  ];
  const given = [...columns].map(found);
  return `${expressions.join(",\n")},
resolved AS NOT MATERIALIZED (SELECT ${['s."start"', ...given, `${twice} AS twice`, ...COUNTERS.map((name) => `s.${name}`)].join(", ")}
  FROM raw s ${joins.join("\n  ")})`;
}

function rowsSql(name: string, files: readonly string[]): string {
  return `${name} AS NOT MATERIALIZED (SELECT *, date_trunc('hour', "start") AS hour FROM ${filesSql(files)} WHERE snapshot IS NULL)`;
}

const HOSTS = `hosts AS (SELECT hour, "source.ip" AS ip, min(host) AS host FROM raw
  WHERE "source.ip" IS NOT NULL AND NOT ${loopback('"source.ip"')} GROUP BY hour, ip HAVING min(host) = max(host))`;

/** The column of the near end that says it of itself. */
const near = (name: string) => quoteName(name.replace("destination", "source"));

/** Who listens there: the latest who did. Of several at once the tags are those last in the alphabet. */
function serversSql(tags: readonly string[]): string {
  const ofOneTime = tags.map((name) => `max(${near(name)}) AS ${quoteName(name)}`);
  const latest = tags.map((name) => `arg_max(${quoteName(name)}, "start") AS ${quoteName(name)}`);
  return `servers AS (SELECT ${["hour", "ip", "port", "protocol", ...latest].join(", ")} FROM (
    SELECT ${['hour, "source.ip" AS ip, "source.port" AS port, protocol, "start"', ...ofOneTime].join(", ")} FROM raw
    WHERE "source.ip" IS NOT NULL AND "source.port" IS NOT NULL AND NOT ${loopback('"source.ip"')}
    GROUP BY hour, ip, port, protocol, "start") GROUP BY hour, ip, port, protocol)`;
}

/** Who calls from there: only where all callers are alike, for ephemeral ports tell nothing. */
function callersSql(tags: readonly string[]): string {
  const alike = tags.map(
    (name) =>
      `CASE WHEN min(${near(name)}) = max(${near(name)}) THEN min(${near(name)}) END AS ${quoteName(name)}`,
  );
  return `callers AS (SELECT ${['hour, "source.ip" AS ip, "destination.ip" AS server, "destination.port" AS port, protocol', ...alike].join(", ")}
    FROM raw WHERE direction = 'outgoing' AND NOT ${loopback('"source.ip"')}
    GROUP BY hour, "source.ip", "destination.ip", "destination.port", protocol)`;
}

/** NULL where the near end was not called; a condition on one side only would make the join a loop in a loop. */
const CALLER = `CASE WHEN s.direction = 'incoming' THEN s."destination.ip" END`;

const JOIN_FAR = `LEFT JOIN servers ON servers.hour = s.hour AND servers.ip = s."destination.ip" AND servers.port = s."destination.port"
    AND servers.protocol = s.protocol
  LEFT JOIN callers ON callers.hour = s.hour AND callers.ip = ${CALLER}
    AND callers.server = s."source.ip" AND callers.port = s."source.port" AND callers.protocol = s.protocol`;

const scope = (ip: string, host: string) => `CASE WHEN ${loopback(ip)} THEN ${host} ELSE '' END`;

const HOUR = "INTERVAL 1 HOUR";
const EDGE = `INTERVAL ${EDGE_MS} MILLISECONDS`;

/** What callers have reported, in each hour for which it counts. */
const OUTGOING = `called AS (SELECT hour, "start", "source.ip" AS client, "destination.ip" AS server, "destination.port" AS port, protocol,
    ${scope('"source.ip"', "host")} AS scope FROM edges
    WHERE direction = 'outgoing' AND "source.ip" IS NOT NULL AND "destination.ip" IS NOT NULL AND "destination.port" IS NOT NULL),
outgoing AS (
  SELECT hour, client, server, port, protocol, scope FROM called
  UNION SELECT hour + ${HOUR}, client, server, port, protocol, scope FROM called WHERE "start" >= hour + ${HOUR} - ${EDGE}
  UNION SELECT hour - ${HOUR}, client, server, port, protocol, scope FROM called WHERE "start" < hour + ${EDGE})`;

const JOIN_OUTGOING = `LEFT JOIN outgoing o ON o.hour = s.hour AND o.client = ${CALLER}
    AND o.server = s."source.ip" AND o.port = s."source.port" AND o.protocol = s.protocol
    AND o.scope = ${scope('s."source.ip"', "s.host")}`;
