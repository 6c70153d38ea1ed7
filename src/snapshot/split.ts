import { randomUUID } from "node:crypto";
import type { Snapshot } from "./snapshot.ts";

/** Some 5 MB of JSON, which every intake takes in one request. */
export const MAX_ROWS = 5000;

/**
 * The snapshot in parts of at most so many rows, each a snapshot of its own of the same time. What was lost is told by
 * the first one alone, so that sums over all of them stay right.
 */
export function splitSnapshot(snapshot: Snapshot, maxRows = MAX_ROWS): readonly Snapshot[] {
  const { flows, probe } = snapshot;
  if (flows.length <= maxRows) return [snapshot];
  const counted = {
    lost: 0,
    lost_bytes: 0,
    unattributed: 0,
    flows: 0,
    backwards: 0,
    cpu_user_ms: 0,
    cpu_system_ms: 0,
  };
  const { lost_names: _, lost_causes: ___, ...rest } = probe;
  const later = Object.freeze({ ...rest, ...counted });
  const { delivery: __, ...plain } = snapshot;
  const parts: Snapshot[] = [];
  for (let start = 0; start < flows.length; start += maxRows) {
    const own = Object.freeze(flows.slice(start, start + maxRows));
    const part = start === 0 ? snapshot : { ...plain, id: randomUUID(), probe: later };
    parts.push(Object.freeze({ ...part, flows: own }));
  }
  return parts;
}
