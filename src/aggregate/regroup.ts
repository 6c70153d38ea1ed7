import { NpmonError } from "../error/error.ts";
import { FAILURE_REASONS } from "../flow/flow.ts";
import {
  type End,
  formatTagRef,
  isWholeView,
  type TagRef,
  type TagValue,
  type WholeView,
} from "../flow/tags.ts";
import type { EndTags, Snapshot, SnapshotFlow } from "../snapshot/snapshot.ts";
import { byBytes } from "./rows.ts";

/**
 * The same snapshot by fewer tags. Saved snapshots can be asked for any tags that they were grouped by; one saved
 * with `--group-by flow` for any at all, one with `rollup` for any but `pid`.
 *
 * Round-trip times are weighted by the connections of each row, as far as the rows still tell.
 * @throws NpmonError `usage` when the snapshot lacks a tag
 */
export function regroup(snapshot: Snapshot, groupBy: readonly TagRef[] | WholeView): Snapshot {
  const names = typeof groupBy === "string" ? [groupBy] : groupBy.map(formatTagRef);
  if (names.join() === snapshot.group_by.join()) return snapshot;
  const missing = names.filter((name) => !hasTag(snapshot.group_by, name));
  if (typeof groupBy === "string" || missing.length > 0) {
    throw new NpmonError(
      "usage",
      `the saved snapshots are grouped by ${snapshot.group_by.join(", ")} and cannot be grouped by ${missing.join(", ")}`,
      "Save with `npmon export --json --group-by flow` to be able to group by anything afterwards.",
    );
  }
  const rows = new Map<string, Row>();
  for (const flow of snapshot.flows) {
    const row = project(flow, groupBy);
    if (row === null) continue;
    const key = JSON.stringify(row.tags);
    const existing = rows.get(key);
    if (existing === undefined) rows.set(key, row);
    else add(existing, row);
  }
  const flows = Object.freeze([...rows.values()].map(freeze).sort(byBytes));
  return Object.freeze({ ...snapshot, group_by: names, flows });
}

function hasTag(groupBy: readonly string[], name: string): boolean {
  if (!isWholeView(groupBy)) return groupBy.includes(name);
  return !isWholeView([name]) && (groupBy[0] === "flow" || !name.endsWith(".pid"));
}

interface Row {
  readonly tags: Pick<SnapshotFlow, End | "protocol" | "direction" | "family">;
  sums: SnapshotFlow;
  rttSum: number;
  rttVarSum: number;
  rttWeight: number;
}

type EndName = Exclude<TagRef["end"], "flow">;

/** One row seen by the new columns; `null` when its other end is counted instead. */
function project(flow: SnapshotFlow, columns: readonly TagRef[]): Row | null {
  const byRole = columns.some((ref) => ref.end === "client" || ref.end === "server");
  const accepted = flow.direction === "incoming";
  // A destination whose network namespace is known is an end that npmon measured on the same host, as a flow of its own.
  const { pid = null, netns = null } = flow.destination ?? {};
  if (byRole && accepted && flow.client === undefined && (pid !== null || netns !== null)) return null;
  const ends: Record<string, Record<string, TagValue>> = {};
  const tags: Record<string, TagValue | EndTags> = {};
  for (const ref of columns) {
    if (ref.end === "flow") {
      tags[ref.tag] = flow[ref.tag] ?? null;
      continue;
    }
    ends[ref.end] ??= {};
    (ends[ref.end] as Record<string, TagValue>)[ref.tag] = endOf(flow, ref.end, accepted)?.[ref.tag] ?? null;
  }
  const { active, closed } = flow.connections;
  const weight = flow.rtt_us === undefined ? 0 : Math.max(1, active + closed);
  const swap = byRole && accepted && flow.client === undefined;
  return {
    tags: { ...tags, ...ends } as Row["tags"],
    sums: swap ? swapped(flow) : flow,
    rttSum: (flow.rtt_us ?? 0) * weight,
    rttVarSum: (flow.rtt_var_us ?? 0) * weight,
    rttWeight: weight,
  };
}

function endOf(flow: SnapshotFlow, end: EndName, accepted: boolean): EndTags | undefined {
  if (end === "source" || end === "destination") return flow[end];
  return flow[end] ?? flow[(end === "client") === accepted ? "destination" : "source"];
}

function swapped(flow: SnapshotFlow): SnapshotFlow {
  return {
    ...flow,
    bytes_sent: flow.bytes_received,
    bytes_received: flow.bytes_sent,
    packets_sent: flow.packets_received,
    packets_received: flow.packets_sent,
  };
}

function add(row: Row, other: Row): void {
  const a = row.sums;
  const b = other.sums;
  const failed = { ...a.connections.failed };
  for (const reason of FAILURE_REASONS) failed[reason] += b.connections.failed[reason];
  row.sums = {
    bytes_sent: a.bytes_sent + b.bytes_sent,
    bytes_received: a.bytes_received + b.bytes_received,
    packets_sent: a.packets_sent + b.packets_sent,
    packets_received: a.packets_received + b.packets_received,
    retransmits: a.retransmits + b.retransmits,
    connections: {
      active: a.connections.active + b.connections.active,
      opened: a.connections.opened + b.connections.opened,
      closed: a.connections.closed + b.connections.closed,
      failed,
    },
  };
  row.rttSum += other.rttSum;
  row.rttVarSum += other.rttVarSum;
  row.rttWeight += other.rttWeight;
}

function freeze({ tags, sums, rttSum, rttVarSum, rttWeight }: Row): SnapshotFlow {
  const { bytes_sent, bytes_received, packets_sent, packets_received, retransmits, connections } = sums;
  return Object.freeze({
    ...tags,
    bytes_sent,
    bytes_received,
    packets_sent,
    packets_received,
    retransmits,
    ...(rttWeight > 0 && {
      rtt_us: Math.round(rttSum / rttWeight),
      rtt_var_us: Math.round(rttVarSum / rttWeight),
    }),
    connections,
  });
}
