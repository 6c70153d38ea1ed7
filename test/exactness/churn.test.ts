import assert from "node:assert/strict";
import { test } from "node:test";
import { runClient, startHold, startServer } from "../traffic/traffic.ts";
import { rowOfPid, Watch } from "./watch.ts";

test("when closed connections overflow their buffer, what is missing is exactly what is said to be lost", async () => {
  using watch = new Watch({ closedCapacity: 100 });
  await using server = await startServer();
  const client = await runClient({
    to: server.target,
    connections: 1000,
    sendBytes: [0, 3000],
    receiveBytes: [0, 3000],
  });
  const totals = await server.stop();
  const snapshot = watch.snapshot();
  const after = watch.snapshot();
  const lost = snapshot.probe.lost + after.probe.lost;
  const lostBytes = snapshot.probe.lost_bytes + after.probe.lost_bytes;
  const rows = [rowOfPid(snapshot, client.pid), rowOfPid(snapshot, totals.pid)];
  const seen = rows.reduce((sum, row) => sum + row.connections.closed, 0);
  const seenBytes = rows.reduce((sum, row) => sum + row.bytes_sent + row.bytes_received, 0);
  const trueBytes = client.bytes_sent + client.bytes_received + totals.bytes_sent + totals.bytes_received;
  assert.ok(lost > 0, "the buffer was to overflow");
  assert.equal(seen + lost, 2000);
  assert.equal(seenBytes + lostBytes, trueBytes);
});

test("connections beyond the capacity are counted when they close, and nothing is lost", async () => {
  using watch = new Watch({ capacity: 5 });
  await using server = await startServer();
  await using hold = await startHold({ to: server.target, connections: 40 });
  await hold.send(1000);
  const full = watch.snapshot();
  assert.equal(full.probe.tracked, 5);
  assert.ok(full.probe.waiting >= 75);
  const totals = await hold.stop();
  watch.poll();
  const accepted = await server.stop();
  const rest = watch.snapshot();
  for (const { pid, bytes_sent, bytes_received } of [totals, ...accepted.workers]) {
    const rows = [rowOfPid(full, pid), rowOfPid(rest, pid)];
    assert.equal(
      rows.reduce((sum, row) => sum + row.bytes_sent, 0),
      bytes_sent,
    );
    assert.equal(
      rows.reduce((sum, row) => sum + row.bytes_received, 0),
      bytes_received,
    );
    assert.equal(
      rows.reduce((sum, row) => sum + row.connections.closed, 0),
      40,
    );
  }
  assert.equal(rest.probe.lost, 0);
});

test("after an overflow the rows of connections that have ended are given back", async () => {
  using watch = new Watch({ closedCapacity: 1 });
  await using server = await startServer();
  await using hold = await startHold({ to: server.target, connections: 45 });
  assert.equal(rowOfPid(watch.snapshot(), hold.pid).connections.active, 45);
  const totals = await hold.stop();
  const { pid } = await server.stop();
  let lost = watch.snapshot().probe.lost;
  assert.ok(lost > 0, "the buffer was to overflow");
  for (let pass = 0; pass < 2; pass++) lost += watch.snapshot().probe.lost;
  const recovered = watch.snapshot();
  assert.equal(rowOfPid(recovered, totals.pid).connections.active, 0);
  assert.equal(rowOfPid(recovered, pid).connections.active, 0);
});
