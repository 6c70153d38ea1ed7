import assert from "node:assert/strict";
import { test } from "node:test";
import { checkConfigText } from "../../src/config/load.ts";
import { Monitor, type Surroundings } from "../../src/monitor/monitor.ts";
import { openTagSources } from "../../src/monitor/tag-sources.ts";
import { type Change, runTicks } from "../../src/monitor/ticks.ts";
import type { Probe } from "../../src/probe/probe.ts";
import { parseGroupBy } from "../../src/query/group-by.ts";
import { until } from "../commands/deadline.ts";

const { config: CONFIG } = checkConfigText("", "test", {});

const SURROUNDINGS = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  cpu: () => ({ user: 0, system: 0 }),
  memoryBytes: () => 0,
  releaseMemory: () => {},
};

/** A monitor that sees nothing, and how often it looked. */
function open(onCollect: () => void = () => {}, surroundings: Partial<Surroundings> = {}) {
  const looked = { times: 0 };
  const probe: Probe = {
    tier: "sockdiag",
    reason: null,
    capacity: 1,
    readsDns: false,
    start: () => {},
    poll: () => true,
    collect: () => {
      looked.times++;
      onCollect();
      return { lost: {}, lostBytes: 0, lostNames: 0, lostAnswers: 0, waiting: 0, closedBufferFill: 0 };
    },
    release: () => {},
    close: () => {},
  };
  const monitor = new Monitor({
    probe,
    sources: openTagSources({ config: CONFIG, readsDns: false, asksNames: false }),
    question: { groupBy: parseGroupBy("service"), filter: null },
    host: "here",
    surroundings: { ...SURROUNDINGS, ...surroundings },
  });
  monitor.start();
  return { monitor, looked };
}

test("memory is given back soon after the start, and then once a minute", () => {
  let nowMs = 1_000;
  let released = 0;
  const { monitor } = open(() => {}, { monotonicMs: () => nowMs, releaseMemory: () => released++ });
  const releasedBy = (ms: number): number => {
    nowMs = ms;
    monitor.collect();
    return released;
  };
  const times = [1_000, 5_999, 6_000, 6_001, 65_999, 66_000, 66_001];
  assert.deepEqual(times.map(releasedBy), [0, 0, 1, 1, 1, 2, 2]);
});

const OPTIONS = {
  intervalMs: 50,
  firstIntervalMs: 50,
  count: Number.POSITIVE_INFINITY,
  signal: new AbortController().signal,
};

test("collecting goes on while the reader of a snapshot is busy, and the next one covers that time", async () => {
  const { monitor, looked } = open();
  const timersBefore = timers();
  const ticks = runTicks(monitor, OPTIONS);
  const first = (await ticks.next()).value;
  const before = looked.times;
  await until("passes without a reader", () => looked.times >= before + 3);
  const second = (await ticks.next()).value;
  assert.equal(second?.start, first?.end);
  assert.ok((second?.interval_ms ?? 0) >= 3 * 50);
  await ticks.return(undefined);
  assert.equal(timers(), timersBefore, "nothing goes on once nobody reads");
});

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
}

test("what breaks while the reader is busy is thrown at it when it comes back", async () => {
  let isBroken = false;
  const { monitor, looked } = open(() => {
    if (isBroken) throw new Error("the probe broke");
  });
  const ticks = runTicks(monitor, OPTIONS);
  await ticks.next();
  const before = looked.times;
  isBroken = true;
  await until("the break", () => looked.times > before);
  await assert.rejects(ticks.next(), /the probe broke/);
});

test("another interval holds from the interval that runs", async () => {
  const { monitor } = open();
  const changes: Change[] = [];
  const wishes = { take: () => changes.shift() ?? null, cut: () => assert.fail("nothing to cut") };
  const ticks = runTicks(monitor, { ...OPTIONS, intervalMs: 3_600_000, wishes });
  await ticks.next();
  changes.push({ question: null, intervalMs: 150 });
  const second = (await ticks.next()).value;
  const third = (await ticks.next()).value;
  for (const snapshot of [second, third]) assert.ok((snapshot?.interval_ms ?? 0) >= 140);
  await ticks.return(undefined);
});
