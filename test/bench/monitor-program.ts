/**
 * npmon alone in a process, for {@link MonitorProcess}: the built monitor without a command around it, told by the
 * lines of stdin what to do, answering each with one line of JSON. The end of stdin ends it.
 *
 * Compiled, not run through tsx, whose loader would be in every figure; with the flags of V8 that npmon sets.
 * argv: URL of dist, capacity, tier.
 */
import { createInterface } from "node:readline";
import type { ProbeChoice } from "../../src/probe/open.ts";
import type { MonitorMemory, MonitorTicks } from "./monitor-process.ts";

/** How far npmon's clock is ahead of the real one. */
let aheadMs = 0;
const realNowMs = performance.now.bind(performance);
performance.now = () => realNowMs() + aheadMs;

const [, , dist = "", capacity = "", tier = ""] = process.argv;
await import(new URL("bin/v8-flags.js", dist).href);
const { openMonitor }: typeof import("../../src/monitor/open.ts") = await import(`${dist}/monitor/open.js`);
const { PROBE_CHOICES }: typeof import("../../src/probe/open.ts") = await import(`${dist}/probe/open.js`);
const { loadConfig }: typeof import("../../src/config/load.ts") = await import(`${dist}/config/load.js`);

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
