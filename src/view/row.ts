import type { EndTags, Snapshot, SnapshotFlow } from "../snapshot/snapshot.ts";

/** `new`: seen for the first time a moment ago. `closing`: its last connection has closed. `gone`: not in this snapshot any more. */
export type RowPhase = "new" | "steady" | "closing" | "gone";

/** One line of a table: a row of the snapshot with what the view knows besides. */
export interface Row {
  /** The grouped tags as one text: the same group has the same key in every snapshot. */
  readonly key: string;
  readonly flow: SnapshotFlow;
  /** Milliseconds that the counters of `flow` cover; 0 when they cover none. */
  readonly intervalMs: number;
  /** Bytes since the view began, this snapshot included. */
  readonly sentTotal: number;
  readonly receivedTotal: number;
  readonly phase: RowPhase;
}

const keysBySnapshot = new WeakMap<Snapshot, readonly string[]>();

/** The key of each row of the snapshot, in its order; made once. */
export function rowKeys(snapshot: Snapshot): readonly string[] {
  const known = keysBySnapshot.get(snapshot);
  if (known !== undefined) return known;
  const keys = snapshot.flows.map(rowKey);
  keysBySnapshot.set(snapshot, keys);
  return keys;
}

/** What makes a row the same row in the next snapshot: the values of all its tags. */
export function rowKey(flow: SnapshotFlow): string {
  let key = formatTags("s", flow.source) + formatTags("d", flow.destination);
  if (flow.client !== undefined || flow.server !== undefined) {
    key += formatTags("c", flow.client) + formatTags("v", flow.server);
  }
  key += formatTag("p", flow.protocol) + formatTag("i", flow.direction) + formatTag("f", flow.family);
  return key;
}

function formatTags(end: string, tags: EndTags | undefined): string {
  if (tags === undefined) return "";
  let text = "";
  for (const name in tags) text += formatTag(`${end}${name}`, tags[name]);
  return text;
}

/** With its length before it, so that no value can look like another tag. */
function formatTag(name: string, value: string | number | null | undefined): string {
  if (value === undefined) return "";
  if (value === null) return `${name}~`;
  return typeof value === "number" ? `${name}#${value} ` : `${name}${value.length}:${value}`;
}
