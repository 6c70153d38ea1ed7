import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ENDPOINT_TAGS } from "../../src/flow/tags.ts";
import { COUNTERS, filesSql, quoteName, quoteText, STORED_COLUMNS } from "../../src/store/columns.ts";
import type { Duck } from "../../src/store/duckdb.ts";

export const HOSTS = 20;
/** Of a host in five minutes: half as the caller and half as the called. */
export const ROWS = 2_000;
export const HOUR_MS = 3_600_000;
const BUCKETS = 12;
const INSTANCES = 50;
const SERVICES = 80;

/** What a host knows of its own end. */
const NEAR: Readonly<Record<string, string>> = {
  service: `'service-' || ((H * ${INSTANCES} + I) % ${SERVICES})`,
  process: "'process-' || (I % 40)",
  container: "'app-' || H || '-' || I || '-' || DAY",
  image: "'registry.example/app-' || (I % 40) || ':1.2.' || DAY",
  pod: "'app-' || (I % 40) || '-' || substr(md5(H || '.' || I || '.' || DAY), 1, 15)",
  namespace: "'namespace-' || (I % 7)",
  workload: "'app-' || (I % 40)",
  host: "'host-' || H",
  ip: "'10.' || H || '.0.' || I",
  subnet: "'10.' || H || '.0.0/16'",
  range: "'private'",
  exe: "'/usr/local/bin/process-' || (I % 40)",
  user: "'user-' || (I % 5)",
  env: "'prod'",
  version: "'1.2.' || DAY",
  service_source: "'image'",
  container_id: "substr(md5('c' || H || '.' || I || '.' || DAY), 1, 12)",
  cgroup: "'/kubepods.slice/pod-' || H || '-' || I || '-' || DAY",
  netns: "4026531840 + I",
};

/** What it knows of another's. */
const FAR = new Set(["ip", "subnet", "range"]);

const end = (side: "source" | "destination", host: string, instance: string, port: string): string =>
  ENDPOINT_TAGS.map((tag) => {
    const near = NEAR[tag];
    const known = near !== undefined && (side === "source" || FAR.has(tag)) ? near : "NULL";
    const value = tag === "port" ? port : known.replaceAll(/\bH\b/g, host).replaceAll(/\bI\b/g, instance);
    return `${value} AS ${quoteName(`${side}.${tag}`)}`;
  }).join(", ");

const counter = (name: string): string => {
  const noise = (most: number) => `(hash(client, c, server, s, bucket, '${name}') % ${most})::BIGINT`;
  if (name.startsWith("failed") || name === "retransmits") return `CASE WHEN ${noise(50)} = 0 THEN 1 END`;
  if (name === "rtt_weight") return "3";
  if (name === "active_ms") return `${noise(4)} * 300000`;
  if (name === "opened" || name === "closed") return noise(20);
  return name.startsWith("bytes") ? noise(10_000_000) : noise(10_000);
};

/** Writes the file of an hour as the store does when it has joined it. */
export async function writeHour(duck: Duck, root: string, hourMs: number): Promise<string> {
  const day = Math.floor(hourMs / 86_400_000) % 10;
  const start = `make_timestamp((${hourMs} + bucket * 300000 + H * 7000) * 1000)`;
  const row = (near: string, nearInstance: string, far: string, farInstance: string, isCaller: boolean) =>
    `SELECT NULL AS snapshot, ${start.replace("H", near)} AS "start", NULL AS "end", NULL AS interval_ms,
      'host-' || ${near} AS host, NULL AS probe,
      ${end("source", near, nearInstance, isCaller ? "NULL" : `8000 + ${nearInstance} % 9`)}, NULL AS source_tags,
      ${end("destination", far, farInstance, isCaller ? `8000 + ${farInstance} % 9` : "NULL")}, NULL AS destination_tags,
      'tcp' AS protocol, '${isCaller ? "outgoing" : "incoming"}' AS direction, 'ipv4' AS family,
      ${COUNTERS.map((name) => `${counter(name)} AS ${name}`).join(", ")} FROM conversations`;
  const probe = JSON.stringify({ tier: "tracepoint", lost: 0, flows: 2000, tracked: 2000, capacity: 65536 });
  const reports = `SELECT uuid()::VARCHAR AS snapshot, ${start.replace("H", "h")} AS "start", ${start.replace("H", "h")} + INTERVAL 5 MINUTES AS "end",
    300000 AS interval_ms, 'host-' || h AS host, '${probe}' AS probe FROM range(${HOSTS}) hosts(h), range(${BUCKETS}) buckets(bucket)`;
  const calls = ROWS / 2;
  const text = `WITH conversations AS (
    SELECT client, i % ${INSTANCES} AS c, (client + 1 + i // ${INSTANCES}) % ${HOSTS} AS server, (i * 7 + 3) % ${INSTANCES} AS s, bucket
    FROM range(${HOSTS}) clients(client), range(${calls}) edges(i), range(${BUCKETS}) buckets(bucket)),
  rows AS (${reports} UNION ALL BY NAME ${row("client", "c", "server", "s", true)} UNION ALL BY NAME ${row("server", "s", "client", "c", false)})
  SELECT ${STORED_COLUMNS.map(({ name, type }) => `${quoteName(name)}::${type} AS ${quoteName(name)}`).join(", ")} FROM rows`;
  const file = fileOf(root, hourMs);
  await duck.all(
    `COPY (${text.replaceAll(/\bDAY\b/g, String(day))}) TO ${quoteText(file)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  return file;
}

/** The same conversations in another hour, which takes a tenth of the time; ids are new. */
export async function shiftHour(
  duck: Duck,
  root: string,
  from: { readonly file: string; readonly hourMs: number },
  hourMs: number,
): Promise<void> {
  const shift = `INTERVAL '${(hourMs - from.hourMs) / 1000} seconds'`;
  await duck.all(
    `COPY (SELECT * REPLACE (CASE WHEN snapshot IS NOT NULL THEN uuid()::VARCHAR END AS snapshot, "start" + ${shift} AS "start",
      "end" + ${shift} AS "end") FROM ${filesSql([from.file])})
    TO ${quoteText(fileOf(root, hourMs))} (FORMAT parquet, COMPRESSION zstd)`,
  );
}

function fileOf(root: string, hourMs: number): string {
  const folder = join(root, "flows", `hour=${new Date(hourMs).toISOString().slice(0, 13)}`);
  mkdirSync(folder, { recursive: true });
  return join(folder, `c${String(hourMs).padStart(13, "0")}.parquet`);
}
