import assert from "node:assert/strict";
import { test } from "node:test";
import { runChurn, startServer } from "../traffic/traffic.ts";
import { rowOfPid, Watch } from "./watch.ts";

/**
 * Of two million ends. Seen in one run of several: an end that neither program was given. It is said to be lost, and
 * everything else is held to the byte.
 */
const MOST_MISSED = 5;
/** Of an end, each way: a header and 64 bytes. */
const MOST_BYTES = 128;

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
  const { lost, lost_causes: causes } = snapshot.probe;
  t.diagnostic(`lost: ${JSON.stringify(causes ?? {})}`);
  assert.equal(client.failed, 0);
  assert.ok(lost <= MOST_MISSED, `${lost} lost`);
  assert.deepEqual(causes, lost === 0 ? undefined : { end_missed: lost });
  assert.equal(client.connections, 1_000_000);
  let left = lost;
  for (const truth of [client, ...workers]) {
    const { connections, bytes_sent, bytes_received } = rowOfPid(snapshot, truth.pid);
    const made = "accepted" in truth ? truth.accepted : truth.connections;
    const missing = made - connections.closed;
    const bytes = [truth.bytes_sent - bytes_sent, truth.bytes_received - bytes_received];
    const said = `process ${truth.pid}: ${missing} ends and ${bytes} bytes are missing, ${lost} are said to be`;
    assert.ok(missing >= 0 && missing <= left, said);
    assert.ok(made - connections.opened >= 0 && made - connections.opened <= missing, said);
    assert.ok(
      bytes.every((count) => count >= 0 && count <= lost * MOST_BYTES),
      said,
    );
    left -= missing;
  }
});
