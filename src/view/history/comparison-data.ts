import type { Snapshot, SnapshotFlow } from "../../snapshot/snapshot.ts";
import { RAW_FIELDS } from "../columns.ts";
import { renderRecord } from "../csv.ts";
import { rowTagRefs, tagValue } from "../tag-columns.ts";
import { stringifySafe } from "../text.ts";
import { type ComparedRow, type Comparison, perSecond } from "./comparison.ts";

export const COMPARISON_SCHEMA = "npmon.comparison/1";

const BEFORE = "before.";

/**
 * RFC 4180: the two windows, the tags, what became of the row, the rates, then every number now and before. What a
 * window does not have is empty.
 */
export function renderComparisonCsv({ now, before, rows }: Comparison, isHeaded: boolean): string {
  const refs = rowTagRefs(now);
  const names = [
    ...["start", "end", "interval_ms", "before.start", "before.end", "before.interval_ms"],
    ...refs,
    ...["state", "traffic", "before.traffic", "change", "change_share"],
    ...RAW_FIELDS.map(({ path }) => path),
    ...RAW_FIELDS.map(({ path }) => `${BEFORE}${path}`),
  ];
  const windows = [now.start, now.end, now.interval_ms, before.start, before.end, before.interval_ms];
  const records = rows.map((row) =>
    renderRecord([
      ...windows,
      ...refs.map((ref) => tagValue(row.flow, ref)),
      row.state,
      ...ratesOf(row),
      ...RAW_FIELDS.map(({ value }) => (row.state === "gone" ? null : value(row.now.flow))),
      ...RAW_FIELDS.map(({ value }) => (row.state === "new" ? null : value(row.before.flow))),
    ]),
  );
  return (isHeaded ? renderRecord(names) : "") + records.join("");
}

/** One object: both windows without their rows, and the rows of both. */
export function renderComparisonJson({ now, before, rows }: Comparison): string {
  const windowOf = ({ flows: _, schema: __, ...window }: Snapshot) => window;
  const value = {
    schema: COMPARISON_SCHEMA,
    now: windowOf(now),
    before: windowOf(before),
    rows: rows.map(rowToJson),
  };
  return `${stringifySafe(value)}\n`;
}

/** One row a line. */
export function renderComparisonNdjson({ now, before, rows }: Comparison): string {
  const window = {
    start: now.start,
    end: now.end,
    interval_ms: now.interval_ms,
    before_start: before.start,
    before_end: before.end,
    before_interval_ms: before.interval_ms,
  };
  return rows.map((row) => `${stringifySafe({ ...window, ...rowToJson(row) })}\n`).join("");
}

function rowToJson(row: ComparedRow) {
  const { flow, state, now, before } = row;
  const [traffic, trafficBefore, change, changeShare] = ratesOf(row);
  const { tags } = split(flow);
  return {
    ...tags,
    state,
    traffic,
    before_traffic: trafficBefore,
    change,
    change_share: changeShare,
    now: state === "gone" ? null : split(now.flow).numbers,
    before: state === "new" ? null : split(before.flow).numbers,
  };
}

/** Bytes a second now, before, how many more, and what share that is of before. */
function ratesOf({ now, before, changePerSecond, changeShare }: ComparedRow) {
  return [perSecond(now), perSecond(before), changePerSecond, changeShare] as const;
}

function split(flow: SnapshotFlow) {
  const { source, destination, client, server, protocol, direction, family, ...numbers } = flow;
  const tags = { source, destination, client, server, protocol, direction, family };
  return { tags, numbers };
}
