import { ENDPOINT_TAGS, FLOW_TAGS } from "../flow/tags.ts";
import { tagKind } from "../query/tag-names.ts";
import type { SnapshotProbe } from "../snapshot/snapshot.ts";

/**
 * The columns of a Parquet file, in order. A built-in tag has a column of its own, so that a question reads only what it
 * asks for; a user's tags and labels, of which there can be any number, are one JSON object in `source_tags` and
 * `destination_tags`, its names in order, so that equal tags are equal text.
 *
 * Every snapshot has one row with its id in `snapshot` and no counters, its report; and one without for each of its
 * flows. A counter that is 0 is NULL.
 */
export interface StoredColumn {
  readonly name: string;
  /** As DuckDB calls it. */
  readonly type: "VARCHAR" | "BIGINT" | "TIMESTAMP";
}

const column = (name: string, type: StoredColumn["type"]): StoredColumn => Object.freeze({ name, type });

const tagType = (tag: string) => (tagKind(tag) === "number" ? "BIGINT" : "VARCHAR");

/**
 * What is added up. `active_ms` is connections open at the end times the length of the interval; the means of the
 * round-trip time are sums too, of whole µs times the connections they are of, so that any order of adding gives the same.
 */
export const COUNTERS = [
  "bytes_sent",
  "bytes_received",
  "packets_sent",
  "packets_received",
  "retransmits",
  "opened",
  "closed",
  "failed_refused",
  "failed_reset",
  "failed_timed_out",
  "failed_unreachable",
  "failed_other",
  "active_ms",
  "rtt_sum",
  "rtt_var_sum",
  "rtt_weight",
] as const;

/** Columns of the tags of both ends and of the flow. */
export const TAG_COLUMNS: readonly StoredColumn[] = Object.freeze([
  ...(["source", "destination"] as const).flatMap((end) => [
    ...ENDPOINT_TAGS.map((tag) => column(`${end}.${tag}`, tagType(tag))),
    column(`${end}_tags`, "VARCHAR"),
  ]),
  ...FLOW_TAGS.map((tag) => column(tag, "VARCHAR")),
]);

/** What a report keeps of the snapshot's `probe` besides the tier. */
export const PROBE_NUMBERS = [
  "lost",
  "lost_bytes",
  "lost_names",
  "unattributed",
  "flows",
  "tracked",
  "capacity",
  "waiting",
  "backwards",
  "closed_buffer_fill",
  "cpu_user_ms",
  "cpu_system_ms",
  "memory_bytes",
] as const satisfies readonly (keyof SnapshotProbe)[];

/** Of a report: `host` and `start` are in every row, times are UTC, `probe` is JSON: the tier and {@link PROBE_NUMBERS}. */
export const REPORT_COLUMNS: readonly StoredColumn[] = Object.freeze([
  column("snapshot", "VARCHAR"),
  column("start", "TIMESTAMP"),
  column("end", "TIMESTAMP"),
  column("interval_ms", "BIGINT"),
  column("host", "VARCHAR"),
  column("probe", "VARCHAR"),
]);

export const STORED_COLUMNS: readonly StoredColumn[] = Object.freeze([
  ...REPORT_COLUMNS,
  ...TAG_COLUMNS,
  ...COUNTERS.map((name) => column(name, "BIGINT")),
]);

/** A name as SQL takes it, whatever is in it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as SQL takes it: for the store's own paths and numbers. What somebody sent goes beside the SQL, never in it. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The names are the store's own, but the folder is somebody's. */
export function filesSql(files: readonly string[]): string {
  return `read_parquet([${files.map(quoteText).join(", ")}], hive_partitioning = false, union_by_name = false)`;
}
