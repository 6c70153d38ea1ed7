import assert from "node:assert/strict";
import { test } from "node:test";
import { runChurn, startServer } from "../traffic/traffic.ts";
import { rowOfPid, Watch } from "./watch.ts";

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
  assert.deepEqual(
    [client.failed, client.connections, snapshot.probe.lost_causes],
    [0, 1_000_000, undefined],
  );
  const row = rowOfPid(snapshot, client.pid);
  assert.deepEqual(
    [row.connections.opened, row.connections.closed, row.bytes_sent, row.bytes_received],
    [1_000_000, 1_000_000, client.bytes_sent, client.bytes_received],
  );
  for (const worker of workers) {
    const accepted = rowOfPid(snapshot, worker.pid);
    assert.deepEqual(
      [
        accepted.connections.opened,
        accepted.connections.closed,
        accepted.bytes_sent,
        accepted.bytes_received,
      ],
      [worker.accepted, worker.accepted, worker.bytes_sent, worker.bytes_received],
    );
  }
});
