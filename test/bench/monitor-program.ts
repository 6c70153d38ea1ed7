/**
 * npmon alone in a process, for {@link MonitorProcess}: the monitor without a command around it, told by the
 * lines of stdin what to do, answering each with one line of JSON. The end of stdin ends it.
 * argv: capacity, tier.
 */
import "../../bin/v8-flags.js";
import { createInterface } from "node:readline";
import { loadConfig } from "../../src/config/load.ts";
import { openMonitor } from "../../src/monitor/open.ts";
import { PROBE_CHOICES, type ProbeChoice } from "../../src/probe/open.ts";
import type { MonitorMemory, MonitorTicks } from "./monitor-process.ts";

/** How far npmon's clock is ahead of the real one. */
let aheadMs = 0;
const realNowMs = performance.now.bind(performance);
performance.now = () => realNowMs() + aheadMs;

const [, , capacity = "", tier = ""] = process.argv;

const { config } = loadConfig({
  path: null,
  places: [],
  environment: {},
  flags: [
    { key: "npmon.probe", name: "argv", value: parseChoice(tier) },
    { key: "system_probe_config.max_tracked_connections", name: "argv", value: Number(capacity) },
  ],
});
const monitor = openMonitor({ config, question: { groupBy: config.groupBy, filter: null } });
monitor.start();
answer(tick(1, false, 0));

for await (const line of createInterface({ input: process.stdin })) {
  const [word, count, last, passesMs] = line.split(" ");
  if (word === "poll") answer(monitor.poll());
  else if (word === "memory") answer(memory());
  else if (word === "tick") answer(tick(Number(count), last === "last", Number(passesMs)));
  else throw new Error(`cannot obey ${line}`);
}
monitor.close();

function parseChoice(text: string): ProbeChoice {
  const choice = PROBE_CHOICES.find((name) => name === text);
  if (choice === undefined) throw new Error(`there is no tier ${text}`);
  return choice;
}

function tick(count: number, last: boolean, passesMs: number): MonitorTicks {
  const cpu = process.cpuUsage();
  const started = realNowMs();
  let snapshot = null;
  for (let i = 0; i < count; i++) {
    aheadMs += passesMs;
    monitor.collect(last);
    snapshot = monitor.publish();
  }
  const wallMs = realNowMs() - started;
  const { user, system } = process.cpuUsage(cpu);
  return {
    wallMs: wallMs / count,
    userMs: user / 1000 / count,
    kernelMs: system / 1000 / count,
    tracked: snapshot?.probe.tracked ?? 0,
    lost: snapshot?.probe.lost ?? 0,
    bytes: (snapshot?.flows ?? []).reduce((sum, row) => sum + row.bytes_sent + row.bytes_received, 0),
    closed: (snapshot?.flows ?? []).reduce((sum, row) => sum + row.connections.closed, 0),
  };
}

function memory(): MonitorMemory {
  const { heapTotal } = process.memoryUsage();
  globalThis.gc?.();
  return { heapBytes: heapTotal, heapUsedBytes: process.memoryUsage().heapUsed };
}

function answer(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
