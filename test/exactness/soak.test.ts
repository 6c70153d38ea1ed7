import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { SnapshotFlow } from "../../src/snapshot/snapshot.ts";
import { Child } from "../traffic/child.ts";
import { compileProgram } from "../traffic/compile.ts";
import { startServer } from "../traffic/traffic.ts";
import { LongRun, type LongRunResult, leastResident, quarterOf } from "./long-run.ts";

const TRAFFIC = join(import.meta.dirname, "../traffic");
const MIB = 2 ** 20;
/** Processes a second, each executed anew, with a name and one connection. */
const PROCESSES_A_SECOND = 800;
const PROCESSES_SECONDS = 30;
/** So few process numbers that each is used about ten times, seconds apart. */
const PID_SPACE = 2_000;
const SOCKETS_A_SECOND = 2_500;
const SOCKETS_CLIENTS = 2;
const SOCKETS_SECONDS = 12;
const DEADLINE_MS = 20_000;
/** For what the last of the load left behind. */
const AFTER_MS = 500;

interface Moved {
  readonly sent: number;
  readonly received: number;
}

interface MovedDatagrams extends Moved {
  readonly datagramsSent: number;
  readonly datagramsReceived: number;
}

/**
 * Resident memory rises until V8 collects, some 2 MiB a second here, and falls back. So the lowest of a time counts,
 * and it may rise by less than what 10 s leave to be collected; 2 KiB kept of every process, or 1 KiB of every UDP
 * socket, would be more.
 */
const MOST_GROWTH = 24 * MIB;

function soakProgram(): string {
  const reused = ["exchange.c", "socket.c"].map((name) => join(TRAFFIC, name));
  return compileProgram([join(import.meta.dirname, "soak.c"), ...reused]);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function tellSeries(t: TestContext, { samples, ...sums }: LongRunResult): void {
  const series = samples.map(
    ({ residentBytes, descriptors }) => `${(residentBytes / MIB).toFixed(1)}/${descriptors}`,
  );
  t.diagnostic(`MiB resident / descriptors, by second: ${series.join(" ")}`);
  const least = ([0, 1, 2, 3] as const).map((quarter) => leastResident(quarterOf(samples, quarter)) / MIB);
  t.diagnostic(`lowest of each quarter: ${least.map((mib) => mib.toFixed(1)).join(", ")} MiB`);
  t.diagnostic(JSON.stringify(sums));
}

function assertSteady({ samples, ...sums }: LongRunResult): void {
  assert.deepEqual([sums.lostBytes, sums.backwards, sums.mostWaiting], [0, 0, 0]);
  assert.deepEqual([sums.lost, sums.causes], [0, []], "connections lost");
  const [first, last] = [quarterOf(samples, 1), quarterOf(samples, 3)].map((quarter) =>
    Math.min(...quarter.map(({ descriptors }) => descriptors)),
  );
  assert.equal(last, first, "descriptors stay as many");
  const grown = leastResident(samples.slice(samples.length / 2)) - leastResident(quarterOf(samples, 1));
  assert.ok(grown <= MOST_GROWTH, `resident memory grew by ${(grown / MIB).toFixed(1)} MiB`);
}

function add<Key>(sums: Map<Key, Moved>, key: Key, moved: Moved): void {
  const { sent, received } = sums.get(key) ?? { sent: 0, received: 0 };
  sums.set(key, { sent: sent + moved.sent, received: received + moved.received });
}

function movedOf({ bytes_sent, bytes_received }: SnapshotFlow): Moved {
  return { sent: bytes_sent, received: bytes_received };
}

/** The service of a process of this test says which pid it has. */
function isMisnamed(end: SnapshotFlow["source"]): boolean {
  const pid = /^soak-(\d+)-\d+$/.exec(String(end?.service))?.[1];
  return pid !== undefined && pid !== String(end?.pid);
}

test("hundreds of new processes a second for a while: each has its name and its bytes, and npmon stays as it is", async (t) => {
  await using server = await startServer({
    address: "0.0.0.0",
    workers: 2,
    env: { DD_SERVICE: "soak-server" },
  });
  await using npmon = await LongRun.start("source.service,source.pid,destination.service,destination.pid");
  const runs = await runProcesses(`127.0.0.1:${server.port}`);
  await pause(AFTER_MS);
  const { workers } = await server.stop();

  const byService = new Map<string, Moved>();
  const byServer = new Map<number, Moved>();
  const wrong: string[] = [];
  let otherEndUnknown = 0;
  const result = await npmon.stop((row) => {
    const { source, destination } = row;
    for (const end of [source, destination]) if (isMisnamed(end)) wrong.push(JSON.stringify(end));
    const service = String(source?.service);
    if (/^soak-\d/.test(service)) add(byService, service, movedOf(row));
    else if (server.pids.includes(Number(source?.pid))) add(byServer, Number(source?.pid), movedOf(row));
    else return;
    if (destination?.pid === null) otherEndUnknown++;
  });

  const pids = new Map<string, number>();
  for (const { pid } of runs.values()) pids.set(pid, (pids.get(pid) ?? 0) + 1);
  const again = [...pids.values()].filter((times) => times > 1).length;
  t.diagnostic(`${runs.size} processes, ${pids.size} pids, ${again} of them used more than once`);
  t.diagnostic(`rows whose other end was not known: ${otherEndUnknown}`);
  tellSeries(t, result);
  assert.ok(runs.size > 100 * PROCESSES_SECONDS, `only ${runs.size} processes`);
  assert.ok(again > PID_SPACE / 2, `${again} pids were used again`);
  assert.deepEqual(wrong, []);
  assert.deepEqual(
    [...runs].filter(([name, { sent, received }]) => {
      const seen = byService.get(name);
      return seen?.sent !== sent || seen.received !== received;
    }),
    [],
    "each process has its bytes",
  );
  assert.equal(byService.size, runs.size, "and nobody else has any");
  for (const { pid, bytes_sent, bytes_received } of workers) {
    assert.deepEqual(byServer.get(pid), { sent: bytes_sent, received: bytes_received });
  }
  assertSteady(result);
});

interface Run extends Moved {
  readonly pid: string;
}

/** What each process said it moved, by its service. */
async function runProcesses(target: string): Promise<ReadonlyMap<string, Run>> {
  const parameters = [target, PROCESSES_SECONDS, PROCESSES_A_SECOND, PID_SPACE].map(String);
  const driver = new Child(soakProgram(), ["processes", ...parameters], {});
  const runs = new Map<string, Run>();
  try {
    for (;;) {
      const [pid = "", index = "", sent, received] = (await driver.line()).split(" ");
      if (pid === "end") {
        assert.deepEqual([index, sent], [String(runs.size), "0"], "every process did what it was to do");
        return runs;
      }
      runs.set(`soak-${pid}-${index}`, { pid, sent: Number(sent), received: Number(received) });
    }
  } finally {
    await driver.close();
  }
}

test("thousands of short UDP sockets a second for a while: each process has its bytes, and npmon stays as it is", async (t) => {
  await using npmon = await LongRun.start("source.pid,source.port");
  const echo = new Child(soakProgram(), ["echo"], {});
  const clients: Child[] = [];
  try {
    const port = (await echo.line()).replace("ready ", "");
    for (let i = 0; i < SOCKETS_CLIENTS; i++) {
      const parameters = [`127.0.0.1:${port}`, String(SOCKETS_SECONDS), String(SOCKETS_A_SECOND)];
      clients.push(new Child(soakProgram(), ["sockets", ...parameters], {}));
    }
    const truth = await Promise.all(clients.map(totalsOf));
    echo.endInput();
    truth.push(await totalsOf(echo));
    await pause(AFTER_MS);
    const byPid = new Map<number, MovedDatagrams>();
    const result = await npmon.stop((row) => addDatagrams(byPid, row));
    const sockets = truth.slice(0, -1).reduce((sum, [, { datagramsSent }]) => sum + datagramsSent, 0);
    t.diagnostic(`${sockets} sockets`);
    tellSeries(t, result);
    assert.ok(sockets > 500 * SOCKETS_SECONDS, `only ${sockets} sockets`);
    assert.deepEqual(
      truth.map(([pid]) => [pid, byPid.get(pid)]),
      truth,
    );
    assertSteady(result);
  } finally {
    await Promise.all([echo, ...clients].map((child) => child.close()));
  }
});

function addDatagrams(sums: Map<number, MovedDatagrams>, row: SnapshotFlow): void {
  const pid = Number(row.source?.pid);
  const sum = sums.get(pid) ?? { sent: 0, received: 0, datagramsSent: 0, datagramsReceived: 0 };
  sums.set(pid, {
    sent: sum.sent + row.bytes_sent,
    received: sum.received + row.bytes_received,
    datagramsSent: sum.datagramsSent + row.packets_sent,
    datagramsReceived: sum.datagramsReceived + row.packets_received,
  });
}

async function totalsOf(child: Child): Promise<readonly [pid: number, moved: MovedDatagrams]> {
  const late = setTimeout(() => void child.close(), SOCKETS_SECONDS * 1000 + DEADLINE_MS);
  try {
    const [pid = 0, sent = 0, received = 0, datagramsSent = 0, datagramsReceived = 0] = (await child.line())
      .split(" ")
      .map(Number);
    return [pid, { sent, received, datagramsSent, datagramsReceived }];
  } finally {
    clearTimeout(late);
  }
}
