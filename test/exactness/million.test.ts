import assert from "node:assert/strict";
import { test } from "node:test";
import { runChurn, startServer } from "../traffic/traffic.ts";
import { rowOfPid, Watch } from "./watch.ts";

/** Of two million ends. */
const MOST_MISSED = 5;

test("a million connections, one after the other as fast as they go, are all there, to the byte", async (t) => {
  using watch = new Watch().tick(250);
  await using server = await startServer({ address: "0.0.0.0", workers: 2 });
  const started = performance.now();
  const client = await runChurn({
    to: `127.0.0.1:${server.port}`,
    connections: 1_000_000,
    parallel: 4,
    sources: 64,
  });
  const seconds = (performance.now() - started) / 1000;
  watch.poll();
  const { workers } = await server.stop();
  const snapshot = watch.snapshot();
  t.diagnostic(`${Math.round(seconds)} s, ${Math.round(client.connections / seconds)} connections a second`);
  assert.equal(client.failed, 0);
  const { lost, lost_causes: causes } = snapshot.probe;
  t.diagnostic(`lost: ${JSON.stringify(causes ?? {})}`);
  if (lost > 0) {
    // Seen in one run of several: an end that neither program was given. What is missing must be what is said to be.
    assert.ok(lost <= MOST_MISSED, `${lost} lost`);
    assert.deepEqual(causes, { end_missed: lost });
    const rows = [client.pid, ...workers.map(({ pid }) => pid)].map((pid) => rowOfPid(snapshot, pid));
    const ended = rows.reduce((sum, { connections }) => sum + connections.closed, 0);
    assert.ok(ended >= 2_000_000 - lost && ended <= 2_000_000, `${ended} ended, ${lost} lost`);
    return;
  }
  const row = rowOfPid(snapshot, client.pid);
  assert.deepEqual(
    [row.connections.opened, row.connections.closed, row.bytes_sent, row.bytes_received],
    [1_000_000, 1_000_000, client.bytes_sent, client.bytes_received],
  );
  for (const worker of workers) {
    const accepted = rowOfPid(snapshot, worker.pid);
    assert.deepEqual(
      [accepted.connections.opened, accepted.bytes_sent, accepted.bytes_received],
      [worker.accepted, worker.bytes_sent, worker.bytes_received],
    );
  }
});
