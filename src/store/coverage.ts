import { filesSql } from "./columns.ts";
import { SqlParameters } from "./compile-sql.ts";
import type { Duck } from "./duckdb.ts";
import type { Partitions } from "./partitions.ts";
import { type QuestionSql, stepSql, windowConditions } from "./question-sql.ts";
import { chooseSources } from "./sources.ts";
import type { Coverage, HostCoverage, Period, WindowCoverage } from "./store.ts";

/** The most hosts that are named. */
const MAX_HOSTS = 1000;

/** Reads the reports of the snapshots; their rows stay where they are. */
export async function readCoverage(duck: Duck, partitions: Partitions, period: Period): Promise<Coverage> {
  const { reports: files } = chooseSources({ ...period, groupBy: [], filter: null }, new Set(), partitions);
  if (files.length === 0) return { hosts: [], windows: [] };
  const hosts = hostsSql(period, files);
  const windows = windowsSql(period, files);
  const number = (value: unknown) => Number(value ?? 0);
  return {
    hosts: (await duck.all(hosts.text, hosts.values)).map(
      (row): HostCoverage => ({
        host: String(row.host),
        firstMs: number(row.first),
        lastMs: number(row.last),
        intervalMs: number(row.interval),
      }),
    ),
    windows: (await duck.all(windows.text, windows.values)).map(
      (row): WindowCoverage => ({
        step: number(row.step),
        hostCount: number(row.hosts),
        host: String(row.host),
        coveredMs: number(row.covered),
      }),
    ),
  };
}

/** A snapshot that was too large for one came as several of the same time: they are one report. */
function reportsSql(period: Period, files: readonly string[], parameters: SqlParameters): string {
  const conditions = ["snapshot IS NOT NULL", ...windowConditions(period, parameters)];
  return `reports AS (SELECT DISTINCT host, epoch_ms("start") AS since, epoch_ms("end") AS until, ${stepSql(period, parameters)} AS step
  FROM ${filesSql(files)} WHERE ${conditions.join(" AND ")})`;
}

function hostsSql(period: Period, files: readonly string[]): QuestionSql {
  const parameters = new SqlParameters();
  const text = `WITH ${reportsSql(period, files, parameters)}
SELECT host, min(since)::DOUBLE AS first, max(since)::DOUBLE AS last, median(until - since)::DOUBLE AS interval
FROM reports GROUP BY host ORDER BY host LIMIT ${MAX_HOSTS}`;
  return { text, values: parameters.values };
}

/**
 * Hosts report side by side, not at the same moment: what their reports cover together can be more than a window where
 * each of them covers no more than that, and then it is the window's length.
 */
function windowsSql(period: Period, files: readonly string[]): QuestionSql {
  const parameters = new SqlParameters();
  const reports = reportsSql(period, files, parameters);
  const { sinceMs, untilMs, stepMs = untilMs - sinceMs } = period;
  const length = `least(${parameters.add(stepMs)}::BIGINT, ${parameters.add(untilMs - sinceMs)}::BIGINT - step * ${parameters.add(stepMs)}::BIGINT)`;
  const text = `WITH ${reports},
spans AS (SELECT *, max(until) OVER (PARTITION BY step ORDER BY since, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached FROM reports),
together AS (SELECT step, sum(greatest(0, until - greatest(since, coalesce(reached, since)))) AS covered FROM spans GROUP BY step),
alone AS (SELECT step, max(own) AS longest, count(*) AS hosts, min(host) AS host
  FROM (SELECT step, host, sum(until - since) AS own FROM reports GROUP BY step, host) GROUP BY step)
SELECT step::DOUBLE AS step, hosts::DOUBLE AS hosts, host, least(covered, greatest(longest, ${length}))::DOUBLE AS covered
FROM together JOIN alone USING (step)`;
  return { text, values: parameters.values };
}
