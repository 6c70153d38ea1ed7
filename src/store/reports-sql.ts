import { filesSql, PROBE_NUMBERS } from "./columns.ts";
import { SqlParameters } from "./compile-sql.ts";
import { type QuestionSql, stepSql, windowConditions } from "./question-sql.ts";
import type { Period } from "./store.ts";

/** Gauges: what a host said last. Everything else of a report is added up, but for the fill, of which the highest counts. */
const GAUGES: ReadonlySet<string> = new Set(["tracked", "capacity", "waiting", "memory_bytes"]);

/**
 * Who reported, in one reading of the reports. A row with a `step` is of that step: how many hosts reported, the first by
 * name, the time that their reports cover, and how it stood with their probes. A row without is of a host.
 *
 * A snapshot that was too large for one came as several of the same time: they cover it once.
 * @param maxHosts - more hosts are not named
 */
export function reportsSql(period: Period, files: readonly string[], maxHosts: number): QuestionSql {
  const parameters = new SqlParameters();
  const conditions = ["snapshot IS NOT NULL", ...windowConditions(period, parameters)];
  const shape = JSON.stringify({
    tier: "VARCHAR",
    ...Object.fromEntries(PROBE_NUMBERS.map((name) => [name, "DOUBLE"])),
  });
  const text = `WITH reports AS MATERIALIZED (SELECT host, epoch_ms("start") AS since, epoch_ms("end") AS until,
  ${stepSql(period, parameters)} AS step, from_json(probe, '${shape}') AS p
  FROM ${filesSql(files)} WHERE ${conditions.join(" AND ")}),
${PROBES},
${COVERED}
SELECT step::DOUBLE AS step, probes.* EXCLUDE (step), least(covered, greatest(longest, ${lengthSql(period, parameters)}))::DOUBLE AS covered
FROM probes JOIN together USING (step) JOIN alone USING (step)
UNION ALL BY NAME
(SELECT host, min(since)::DOUBLE AS first, max(since)::DOUBLE AS last, median(until - since)::DOUBLE AS interval
FROM times GROUP BY host ORDER BY host LIMIT ${maxHosts})`;
  return { text, values: parameters.values };
}

const numbersSql = (sumOf: (name: string) => string): string =>
  PROBE_NUMBERS.map((name) => `${sumOf(name)} AS ${name}`).join(", ");

const TIERS = ["kprobe", "tracepoint", "sockdiag"]
  .map((tier) => `count(*) FILTER (tier = '${tier}')::DOUBLE AS ${tier}`)
  .join(", ");

const PROBES = `hosts AS (SELECT step, host, arg_max(p.tier, since) AS tier, ${numbersSql((name) => {
  if (name === "closed_buffer_fill") return `max(p.${name})`;
  return GAUGES.has(name) ? `arg_max(p.${name}, since)` : `sum(p.${name})`;
})} FROM reports GROUP BY step, host),
probes AS (SELECT step, count(*)::DOUBLE AS hosts, min(host) AS host, ${TIERS},
  ${numbersSql((name) => `${name === "closed_buffer_fill" ? "max" : "sum"}(${name})`)} FROM hosts GROUP BY step)`;

/**
 * Hosts report side by side, not at the same moment: what their reports cover together can be more than a window where
 * each of them covers no more than that, and then it is the window's length.
 */
const COVERED = `times AS MATERIALIZED (SELECT DISTINCT host, since, until, step FROM reports),
spans AS (SELECT *, max(until) OVER (PARTITION BY step ORDER BY since, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached FROM times),
together AS (SELECT step, sum(greatest(0, until - greatest(since, coalesce(reached, since)))) AS covered FROM spans GROUP BY step),
alone AS (SELECT step, max(own) AS longest FROM (SELECT step, sum(until - since) AS own FROM times GROUP BY step, host) GROUP BY step)`;

function lengthSql(
  { sinceMs, untilMs, stepMs = untilMs - sinceMs }: Period,
  parameters: SqlParameters,
): string {
  const step = `${parameters.add(stepMs)}::BIGINT`;
  return `least(${step}, ${parameters.add(untilMs - sinceMs)}::BIGINT - step * ${step})`;
}
