import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { createFlow, createSnapshot } from "../view/fixtures/snapshots.ts";
import { idOf } from "./snapshot-id.ts";

/** The snapshot of a number, alike whenever it is made: sums over numbers, their squares and a product are known. */
export function stormSnapshot(number: number, host: string, startMs: number): Snapshot {
  const failed = { refused: 0, reset: 0, timed_out: 0, unreachable: 0, other: 0 };
  const flow = createFlow({
    source: { service: `made-${number % 17}`, host },
    bytes_sent: number * number,
    bytes_received: number * 7919,
    packets_sent: number,
    packets_received: 1,
    connections: { active: 0, opened: 1, closed: 1, failed },
  });
  const start = new Date(startMs + number).toISOString();
  const end = new Date(startMs + number + 1000).toISOString();
  return createSnapshot({ id: idOf(number), host, start, end, flows: [flow] });
}
