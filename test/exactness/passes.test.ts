import assert from "node:assert/strict";
import { test } from "node:test";
import { runChurn, startServer } from "../traffic/traffic.ts";
import { rowOfPid, Watch } from "./watch.ts";

/** Every pass meets some connections in the middle of a change; what it reads then must not be wrong for good. */
test("100,000 connections that the server ends, with passes as often as they go, are exact to the byte", async (t) => {
  using watch = new Watch();
  await using server = await startServer({ address: "0.0.0.0", workers: 2 });
  const loop = { passes: 0, done: false };
  const pass = (): void => {
    if (loop.done) return;
    watch.collect();
    loop.passes++;
    // The children's output has its turn between two passes.
    if (loop.passes % 10 === 0) watch.poll();
    setImmediate(pass);
  };
  pass();
  const client = await runChurn({
    to: `127.0.0.1:${server.port}`,
    connections: 100_000,
    parallel: 8,
    sources: 64,
    firstClose: "server",
  });
  loop.done = true;
  watch.poll();
  const totals = await server.stop();
  const { workers } = totals;
  const snapshot = watch.snapshot();
  t.diagnostic(`${loop.passes} passes`);
  assert.deepEqual([client.failed, snapshot.probe.lost_causes], [0, undefined]);
  assert.deepEqual(
    [rowOfPid(snapshot, client.pid).bytes_sent, rowOfPid(snapshot, client.pid).bytes_received],
    [client.bytes_sent, client.bytes_received],
  );
  for (const worker of workers) {
    const row = rowOfPid(snapshot, worker.pid);
    assert.deepEqual(
      [row.connections.closed, row.bytes_sent, row.bytes_received],
      [worker.accepted, worker.bytes_sent, worker.bytes_received],
    );
  }
});
