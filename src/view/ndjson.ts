import type { Snapshot } from "../snapshot/snapshot.ts";
import { stringifySafe } from "./text.ts";

/** One JSON object a line for each row of the snapshot, with what is needed to place the row in time. */
export function renderNdjson(snapshot: Snapshot): string {
  const { id, host, start, end, interval_ms } = snapshot;
  return snapshot.flows
    .map((flow) => `${stringifySafe({ snapshot: id, host, start, end, interval_ms, ...flow })}\n`)
    .join("");
}
