import { randomUUID } from "node:crypto";
import { openStore } from "../../src/store/open.ts";

/**
 * A process to be killed: puts snapshots of one row in the folder named, says the id and bytes of each that is
 * acknowledged, and lets all of upkeep come around again and again, on a clock that runs some hours a second.
 */
const HOUR_MS = 3_600_000;
const RETENTION_MS = 6 * HOUR_MS;

const FLOW = {
  destination: { service: "db" },
  bytes_received: 0,
  packets_sent: 1,
  packets_received: 0,
  retransmits: 0,
  connections: {
    active: 1,
    opened: 0,
    closed: 0,
    failed: { refused: 0, reset: 0, timed_out: 0, unreachable: 0, other: 0 },
  },
};
const EMPTY = {
  schema: "npmon.snapshot/1",
  host: "web-1",
  group_by: ["source.service", "destination.service"],
  filter: null,
  probe: { tier: "tracepoint", lost: 0 },
};

const [folder = "", startMs = "", seed = ""] = process.argv.slice(2);
let nowMs = Number(startMs);
const store = await openStore({ folder, retentionMs: RETENTION_MS, now: () => nowMs });
process.stdout.write("open\n");
for (let round = Number(seed); ; round++) {
  const snapshots = Array.from({ length: 1 + (round % 4) }, (_, index) => {
    // of this hour and of those before it, late
    const start = nowMs - (index === 0 ? 60_000 : ((round * 7 + index) % 5) * HOUR_MS);
    return {
      ...EMPTY,
      id: randomUUID(),
      start: new Date(start).toISOString(),
      end: new Date(start + 60_000).toISOString(),
      interval_ms: 60_000,
      flows: [
        { ...FLOW, source: { service: `s${round % 3}` }, bytes_sent: 1 + ((round * 31 + index) % 1000) },
      ],
    };
  });
  const { accepted } = await store.put(snapshots);
  for (const { id, start, flows } of snapshots) {
    if (!accepted.includes(id)) throw new Error(`${id} was not accepted`);
    process.stdout.write(`${id} ${Date.parse(start)} ${flows[0]?.bytes_sent} ${nowMs}\n`);
  }
  if (round % 3 === 0) await store.maintain();
  nowMs += HOUR_MS / 8;
}
