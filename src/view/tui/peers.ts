import type { EndTags, Snapshot, SnapshotFlow } from "../../snapshot/snapshot.ts";

/** The end that measured or connected, and the other one. */
export type Side = "first" | "second";

export interface Peer {
  readonly peer: string;
  readonly bytesPerSecond: number;
  /** Of all bytes of the end that is asked for, 0..1. */
  readonly share: number;
}

/** More do not fit a line. */
const MOST = 6;

export function endTags(flow: SnapshotFlow, side: Side): EndTags | undefined {
  return side === "first" ? (flow.source ?? flow.client) : (flow.destination ?? flow.server);
}

/** An end by its tags; where it has all of them, as in ungrouped rows, by those that name it. */
export function describeEnd(tags: EndTags | undefined): string {
  if (tags === undefined) return "";
  const names = Object.keys(tags);
  if (names.length <= 4) return names.map((name) => tags[name] ?? "N/A").join(" ");
  const address = tags.ip == null ? "" : `${tags.ip}${tags.port == null ? "" : `:${tags.port}`}`;
  return [tags.service ?? tags.process, address].filter((part) => part != null && part !== "").join(" ");
}

/** With whom the end of `flow` on that side moves most bytes in the snapshot, the most first. */
export function topPeers(snapshot: Snapshot, flow: SnapshotFlow, side: Side): readonly Peer[] {
  const name = describeEnd(endTags(flow, side));
  const other: Side = side === "first" ? "second" : "first";
  const bytes = new Map<string, number>();
  let all = 0;
  for (const row of snapshot.flows) {
    if (describeEnd(endTags(row, side)) !== name) continue;
    const moved = row.bytes_sent + row.bytes_received;
    const peer = describeEnd(endTags(row, other));
    if (peer === "") continue;
    bytes.set(peer, (bytes.get(peer) ?? 0) + moved);
    all += moved;
  }
  const perSecond = snapshot.interval_ms === 0 ? 0 : 1000 / snapshot.interval_ms;
  return [...bytes]
    .filter(([, moved]) => moved > 0 || all === 0)
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST)
    .map(([peer, moved]) => ({
      peer,
      bytesPerSecond: moved * perSecond,
      share: all === 0 ? 0 : moved / all,
    }));
}
