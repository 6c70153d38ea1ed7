import { randomUUID } from "node:crypto";
import { formatTagRef, type TagRef, type TagValue } from "../flow/tags.ts";
import { compileRowFilter } from "../query/compile-row-filter.ts";
import { splitFilter } from "../query/filter.ts";
import { formatFilter } from "../query/format-filter.ts";
import type { Snapshot, SnapshotFlow } from "../snapshot/snapshot.ts";
import type { Reports } from "./answer-report.ts";
import type { SqlRow } from "./duckdb.ts";
import { maxAnswerRows, type StoreAnswer, type StoreQuery } from "./store.ts";

/** Rows of sums as snapshots, so that whatever shows a snapshot shows them; measures of the filter are asked here. */
export function makeAnswer(
  query: StoreQuery,
  columns: readonly TagRef[],
  rows: readonly SqlRow[],
  reports: Reports,
): StoreAnswer {
  const { sinceMs, untilMs, stepMs = untilMs - sinceMs } = query;
  const most = maxAnswerRows(columns.length);
  const flows = new Map<number, SnapshotFlow[]>();
  for (const row of rows.slice(0, most)) {
    const step = Number(row.step);
    const start = sinceMs + step * stepMs;
    const own = flows.get(step) ?? [];
    own.push(flowOf(row, columns, Math.min(untilMs, start + stepMs) - start));
    flows.set(step, own);
  }
  const fits = measuresOf(query);
  const groupBy = typeof query.groupBy === "string" ? [query.groupBy] : query.groupBy.map(formatTagRef);
  const filter = query.filter === null ? null : formatFilter(query.filter);
  const count = Math.max(1, Math.ceil((untilMs - sinceMs) / stepMs));
  const windows = Array.from({ length: count }, (_, step): Snapshot => {
    const start = sinceMs + step * stepMs;
    const end = Math.min(untilMs, start + stepMs);
    const { host, coveredMs, probe } = reports.of(step);
    return Object.freeze({
      schema: "npmon.snapshot/1",
      id: randomUUID(),
      host,
      start: new Date(start).toISOString(),
      end: new Date(end).toISOString(),
      interval_ms: coveredMs,
      group_by: groupBy,
      filter,
      probe,
      flows: Object.freeze((flows.get(step) ?? []).filter((flow) => fits(flow, end - start))),
    });
  });
  return { windows: Object.freeze(windows), hasMore: rows.length > most, hosts: reports.hosts };
}

function measuresOf(query: StoreQuery): (flow: SnapshotFlow, intervalMs: number) => boolean {
  const rows = query.filter === null ? null : splitFilter(query.filter).rows;
  return rows === null ? () => true : compileRowFilter(rows);
}

function flowOf(row: SqlRow, columns: readonly TagRef[], windowMs: number): SnapshotFlow {
  const ends: Record<string, Record<string, TagValue>> = {};
  const tags: Record<string, TagValue> = {};
  columns.forEach((ref, index) => {
    const value = tagValue(row[`g${index}`]);
    if (ref.end === "flow") tags[ref.tag] = value;
    else {
      ends[ref.end] ??= {};
      (ends[ref.end] as Record<string, TagValue>)[ref.tag] = value;
    }
  });
  const number = (name: string): number => Math.min(Number(row[name] ?? 0), Number.MAX_SAFE_INTEGER);
  const weight = number("rtt_weight");
  return Object.freeze({
    ...ends,
    ...tags,
    bytes_sent: number("bytes_sent"),
    bytes_received: number("bytes_received"),
    packets_sent: number("packets_sent"),
    packets_received: number("packets_received"),
    retransmits: number("retransmits"),
    ...(weight > 0 && {
      rtt_us: Math.round(number("rtt_sum") / weight),
      rtt_var_us: Math.round(number("rtt_var_sum") / weight),
    }),
    connections: Object.freeze({
      // open on average over the window
      active: Math.round(number("active_ms") / windowMs),
      opened: number("opened"),
      closed: number("closed"),
      failed: Object.freeze({
        refused: number("failed_refused"),
        reset: number("failed_reset"),
        timed_out: number("failed_timed_out"),
        unreachable: number("failed_unreachable"),
        other: number("failed_other"),
      }),
    }),
  });
}

function tagValue(found: unknown): TagValue {
  if (found === null || found === undefined) return null;
  return typeof found === "bigint" ? Number(found) : String(found);
}
