import { ENDPOINT_TAGS, type TagValue } from "../flow/tags.ts";
import { tagKind } from "../query/tag-names.ts";
import type { EndTags, Snapshot, SnapshotFlow } from "../snapshot/snapshot.ts";

export const BUCKET_MS = 300_000;

const BUILT_IN: ReadonlySet<string> = new Set(ENDPOINT_TAGS);

/** Longer values are cut: a tag is a name. UTF-16 units. */
const MAX_VALUE_UNITS = 4096;

/** What is larger is somebody's joke, and no sum is to overflow by it. */
const MAX_INTERVAL_MS = 366 * 86_400_000;
const MAX_RTT_US = 1e12;
const MAX_WEIGHT = 2 ** 31;

/** Of the user's tags and labels of one end; with it a row has at most some 4 MB. */
const MAX_OTHER_TAGS = 64;
const MAX_NAME_UNITS = 600;

type FlatRow = Record<string, TagValue | Record<string, string>>;

/**
 * The snapshot as rows of the stored columns, one JSON object a line; what is not known is absent. Its last line is the
 * one of `kind` `snapshot`, with the number of the others: without it a snapshot is not whole.
 *
 * A row by client and server becomes one from source to destination as the client saw it.
 */
export function flattenSnapshot(snapshot: Snapshot): string {
  const id = snapshot.id.toLowerCase();
  const start = Date.parse(snapshot.start);
  const head = {
    snapshot: id,
    host: cleanText(snapshot.host),
    bucket: Math.floor(start / BUCKET_MS) * BUCKET_MS,
    start,
    end: Date.parse(snapshot.end),
    interval_ms: Math.min(snapshot.interval_ms, MAX_INTERVAL_MS),
  };
  let text = "";
  for (const flow of snapshot.flows)
    text += `${JSON.stringify({ kind: "flow", ...head, ...flatFlow(flow) })}\n`;
  const last = { kind: "snapshot", ...head, lost: snapshot.probe.lost, rows: snapshot.flows.length };
  return `${text}${JSON.stringify(last)}\n`;
}

function flatFlow(flow: SnapshotFlow): FlatRow {
  const byRole = flow.client !== undefined || flow.server !== undefined;
  const row: FlatRow = {};
  addEnd(row, "source", byRole ? flow.client : flow.source);
  addEnd(row, "destination", byRole ? flow.server : flow.destination);
  if (flow.protocol != null) row.protocol = flow.protocol;
  if (byRole) row.direction = "outgoing";
  else if (flow.direction != null) row.direction = flow.direction;
  if (flow.family != null) row.family = flow.family;
  const { active, opened, closed, failed } = flow.connections;
  row.bytes_sent = flow.bytes_sent;
  row.bytes_received = flow.bytes_received;
  row.packets_sent = flow.packets_sent;
  row.packets_received = flow.packets_received;
  row.retransmits = flow.retransmits;
  row.opened = opened;
  row.closed = closed;
  row.failed_refused = failed.refused;
  row.failed_reset = failed.reset;
  row.failed_timed_out = failed.timed_out;
  row.failed_unreachable = failed.unreachable;
  row.failed_other = failed.other;
  row.active = active;
  if (flow.rtt_us !== undefined) {
    row.rtt_us = Math.min(flow.rtt_us, MAX_RTT_US);
    row.rtt_var_us = Math.min(flow.rtt_var_us ?? 0, MAX_RTT_US);
    row.rtt_weight = Math.min(MAX_WEIGHT, Math.max(1, active + closed));
  }
  return row;
}

function addEnd(row: FlatRow, end: "source" | "destination", tags: EndTags | undefined): void {
  let others: Record<string, string> | null = null;
  let count = 0;
  for (const tag in tags) {
    const value = tags[tag];
    if (value === null || value === undefined) continue;
    if (!BUILT_IN.has(tag)) {
      others ??= {};
      if (++count > MAX_OTHER_TAGS || tag.length > MAX_NAME_UNITS) continue;
      others[cleanText(tag)] = cleanText(String(value));
    } else if (tagKind(tag) === "number") {
      const number = Number(value);
      if (value !== "" && Number.isSafeInteger(number)) row[`${end}.${tag}`] = number;
    } else {
      row[`${end}.${tag}`] = cleanText(String(value));
    }
  }
  if (others !== null) row[`${end}_tags`] = others;
}

/** Text that every reader of JSON and Parquet takes: no half characters and no NUL. */
function cleanText(text: string): string {
  const short = text.length > MAX_VALUE_UNITS ? text.slice(0, MAX_VALUE_UNITS) : text;
  return short.replaceAll(/\p{Surrogate}|\0/gu, "\ufffd");
}
