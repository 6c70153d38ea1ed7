import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createAnswer } from "../../../src/commands/recorded-questions.ts";
import { replaySnapshots } from "../../../src/monitor/replay.ts";
import type { Snapshot, SnapshotFlow } from "../../../src/snapshot/snapshot.ts";
import { BY_SERVICE } from "../fixtures/questions.ts";

const FILE = fileURLToPath(new URL("../fixtures/incident.json", import.meta.url));

async function read(): Promise<readonly Snapshot[]> {
  const snapshots: Snapshot[] = [];
  for await (const snapshot of replaySnapshots(FILE)) snapshots.push(snapshot);
  return snapshots;
}

function between(snapshot: Snapshot, source: string, destination: string | null): SnapshotFlow | undefined {
  return createAnswer(
    {},
    BY_SERVICE,
  )(snapshot).flows.find(
    (flow) => flow.source?.service === source && flow.destination?.service === destination,
  );
}

test("the recorded incident is whole, small, and tells its story", async () => {
  assert.ok(statSync(FILE).size < 1_000_000);
  const snapshots = await read();
  assert.equal(snapshots.length, 30);
  for (const [index, { start, group_by, probe }] of snapshots.entries()) {
    if (index > 0) assert.equal(start, snapshots[index - 1]?.end);
    assert.deepEqual([group_by, probe.lost], [["flow"], 0]);
  }
  const resent = snapshots.map((snapshot) => between(snapshot, "postgres", "checkout")?.retransmits ?? 0);
  const refused = snapshots.map(
    (snapshot) => between(snapshot, "worker", null)?.connections.failed.refused ?? 0,
  );
  const when = (counts: readonly number[]): readonly number[] => [
    counts.findIndex((count) => count > 0),
    counts.findLastIndex((count) => count > 0),
  ];
  const [firstResent = 0, lastResent = 0] = when(resent);
  const [firstRefused = 0, lastRefused = 0] = when(refused);
  assert.ok(5 < firstResent && firstResent < firstRefused, "first the link is bad, then the cache is down");
  assert.ok(lastRefused < lastResent && lastResent < 27, "and all is well in the end");
  assert.deepEqual(
    [...new Set(snapshots.flatMap(({ flows }) => flows.map(({ source }) => source?.service)))].sort(),
    ["browser", "checkout", "nginx", "payments", "postgres", "redis", "worker"],
  );
});
