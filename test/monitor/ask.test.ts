import assert from "node:assert/strict";
import { test } from "node:test";
import { checkConfigText } from "../../src/config/load.ts";
import { openMonitor } from "../../src/monitor/open.ts";
import { type Change, runTicks } from "../../src/monitor/ticks.ts";
import { parseGroupBy } from "../../src/query/group-by.ts";
import { parseFilter } from "../../src/query/parse-filter.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { until } from "../commands/deadline.ts";
import { startHold, startServer } from "../traffic/traffic.ts";

function by(groupBy: string) {
  return { groupBy: parseGroupBy(groupBy), filter: null };
}

/** Bytes sent by a process, or by a service, in these snapshots. */
function sentBy(snapshots: readonly Snapshot[], tag: string, value: string | number): number {
  return snapshots
    .flatMap(({ flows }) => flows)
    .filter((flow) => flow.source?.[tag] === value)
    .reduce((sum, flow) => sum + flow.bytes_sent, 0);
}

test("a running monitor answers another question, and every byte is in exactly one answer", async () => {
  await using server = await startServer();
  await using hold = await startHold({
    to: server.target,
    connections: 3,
    env: { DD_SERVICE: "npmon-asker" },
  });
  const stop = new AbortController();
  const { config } = checkConfigText("", "test", {});
  const monitor = openMonitor({ config, question: by("source.service") });
  const before: Snapshot[] = [];
  const after: Snapshot[] = [];
  let wanted: Change | null = null;
  const wishes = {
    take: () => {
      const taken = wanted;
      wanted = null;
      return taken;
    },
    cut: (snapshot: Snapshot) => before.push(snapshot),
  };
  try {
    monitor.start();
    const ticks = runTicks(monitor, {
      intervalMs: 100,
      firstIntervalMs: 50,
      count: Number.POSITIVE_INFINITY,
      signal: stop.signal,
      wishes,
    });
    const done = (async () => {
      for await (const snapshot of ticks) {
        const answers = snapshot.group_by[0] === "source.service" ? before : after;
        answers.push(snapshot);
      }
    })();
    await until("a first answer", () => before.length > 0);
    const first = await hold.send(100_003);
    const answered = before.length;
    await until("the bytes before", () => before.length > answered + 1);
    wanted = {
      question: { groupBy: parseGroupBy("source.pid"), filter: parseFilter(`source.pid:${hold.pid}`) },
      intervalMs: 60,
    };
    await until("an answer to the new question", () => after.length > 0);
    const second = await hold.send(50_021);
    stop.abort();
    await done;
    assert.equal(sentBy(before, "service", "npmon-asker"), first);
    assert.equal(sentBy(after, "pid", hold.pid), second);
    assert.equal(after[0]?.filter, `source.pid:${hold.pid}`);
    assert.deepEqual(
      new Set(after.flatMap(({ flows }) => flows.map((flow) => flow.source?.pid))),
      new Set([hold.pid]),
    );
    assert.equal(after[0]?.start, before.at(-1)?.end);
    assert.equal(after.at(-1)?.flows[0]?.connections.active, 3);
  } finally {
    monitor.close();
  }
});
