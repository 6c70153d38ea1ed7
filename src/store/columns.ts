import { ENDPOINT_TAGS, FLOW_TAGS } from "../flow/tags.ts";
import { tagKind } from "../query/tag-names.ts";

/**
 * The columns of a Parquet file, in order. A built-in tag has a column of its own, so that a question reads only what it
 * asks for; a user's tags and labels, of which there can be any number, are in `source_tags` and `destination_tags`.
 *
 * Every snapshot has one row with `kind` `snapshot`, whose counters are 0, and one with `kind` `flow` for each of its
 * rows: sums over all rows are right, and a host that saw nothing has still reported.
 */
export interface StoredColumn {
  readonly name: string;
  /** As DuckDB calls it. */
  readonly type: "VARCHAR" | "BIGINT" | "DOUBLE" | "TIMESTAMP" | "MAP(VARCHAR, VARCHAR)";
}

const column = (name: string, type: StoredColumn["type"]): StoredColumn => Object.freeze({ name, type });

const tagType = (tag: string) => (tagKind(tag) === "number" ? "BIGINT" : "VARCHAR");

/** Counters of a row by their column. */
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
] as const;

/** Times are UTC; `bucket` is `start` rounded down to five minutes. */
export const STORED_COLUMNS: readonly StoredColumn[] = Object.freeze([
  column("kind", "VARCHAR"),
  column("snapshot", "VARCHAR"),
  column("host", "VARCHAR"),
  column("bucket", "TIMESTAMP"),
  column("start", "TIMESTAMP"),
  column("end", "TIMESTAMP"),
  column("interval_ms", "BIGINT"),
  column("lost", "BIGINT"),
  ...(["source", "destination"] as const).flatMap((end) => [
    ...ENDPOINT_TAGS.map((tag) => column(`${end}.${tag}`, tagType(tag))),
    column(`${end}_tags`, "MAP(VARCHAR, VARCHAR)"),
  ]),
  ...FLOW_TAGS.map((tag) => column(tag, "VARCHAR")),
  ...COUNTERS.map((name) => column(name, "BIGINT")),
  column("active", "BIGINT"),
  column("rtt_us", "DOUBLE"),
  column("rtt_var_us", "DOUBLE"),
  column("rtt_weight", "BIGINT"),
]);

/** A name as SQL takes it, whatever is in it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
