import assert from "node:assert/strict";
import { test } from "node:test";
import { startHold, startServer } from "../traffic/traffic.ts";
import { rowOfPid, Watch } from "./watch.ts";

const CONNECTIONS = 4_000;
const ROUNDS = 6;

/**
 * The worker dies with bytes that it never read, so the kernel resets its connections one after the other while npmon
 * goes through them one after the other: some end between the look at their state and their place in the table. New
 * connections in the same memory then show what was believed to live on.
 */
test("connections that are reset while npmon takes them in are neither lost nor counted", async (t) => {
  for (let round = 0; round < ROUNDS; round++) {
    await using server = await startServer({ workers: 1 });
    await using held = await startHold({ to: server.target, connections: CONNECTIONS });
    assert.equal(held.open, CONNECTIONS);
    const [worker = 0] = server.pids;
    process.kill(worker, "SIGSTOP");
    await held.send(100);
    using watch = new Watch({ beforeBaseline: () => void process.kill(worker, "SIGKILL") });
    const first = watch.snapshot();
    await held.close();
    await using others = await startServer({ workers: 1 });
    await using again = await startHold({ to: others.target, connections: CONNECTIONS });
    const second = watch.snapshot();
    t.diagnostic(`${first.probe.flows} taken in, ${first.probe.tracked} open after it`);
    for (const snapshot of [first, second]) {
      // Those of the worker that were in no process any more, and closed later, begin before npmon knew them.
      const { begin_missed: _, ...causes } = snapshot.probe.lost_causes ?? {};
      const { bytes_sent, bytes_received, connections } = rowOfPid(snapshot, held.pid);
      assert.deepEqual([causes, bytes_sent, bytes_received, connections.opened], [{}, 0, 0, 0]);
    }
    assert.equal(again.open, CONNECTIONS);
    assert.equal(second.probe.tracked, 2 * CONNECTIONS);
  }
});
