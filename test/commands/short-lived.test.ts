import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createSnapshotDecoder } from "../../src/snapshot/decode.ts";
import type { SnapshotFlow } from "../../src/snapshot/snapshot.ts";
import { findCgroupRoot } from "../../src/tag/cgroup-mount.ts";
import { buildTraffic, runClient, startServer, type TrafficServer } from "../traffic/traffic.ts";
import { until } from "./deadline.ts";
import { ended, startNpmon, tracing } from "./npmon.ts";

const PARALLEL = 4;
const NOBODY = 65534;
/** A service name left in the environment of the tests would be one for everybody. */
const NAMELESS = ["env", "-u", "DD_SERVICE", "-u", "OTEL_SERVICE_NAME", "-u", "OTEL_RESOURCE_ATTRIBUTES"];

const decode = createSnapshotDecoder();
const folder = mkdtempSync(join(tmpdir(), "npmon-short-"));
const cgroups: string[] = [];
let server: TrafficServer;
before(async () => {
  server = await startServer();
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
  for (const path of cgroups) await until(`the end of ${path}`, () => removeCgroup(path));
});

/** Busy until the kernel has buried the last process in it. */
function removeCgroup(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    return /ENOENT/.test(String(error));
  }
}

function makeCgroup(path: string): string {
  mkdirSync(path);
  cgroups.unshift(path); // the innermost is removed first
  return path;
}

/** What npmon counted while `act` ran, only the ends that connected to the server of this file. */
async function flowsDuring(act: () => Promise<void>): Promise<readonly SnapshotFlow[]> {
  const child = startNpmon(["export", "-g", "flow", "-d", "1h"]);
  const result = ended(child);
  try {
    await tracing(child);
    await act();
    child.kill("SIGINT");
    const { status, stdout, stderr } = await result;
    assert.equal(status, 0, stderr);
    const { flows, probe } = decode(stdout, "stdout");
    assert.equal(probe.lost, 0);
    return flows.filter((flow) => flow.direction === "outgoing" && flow.destination?.port === server.port);
  } finally {
    child.kill("SIGKILL");
  }
}

/** Runs `run` for every number below `count`, a few at a time. */
async function forEachNumber(count: number, run: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
}

test("200 processes that live a few milliseconds all have their names, and nobody else's", async () => {
  // where everybody may run it
  chmodSync(folder, 0o755);
  const program = join(folder, "till");
  copyFileSync(buildTraffic(), program);
  const pids = new Map<string, number>();
  const flows = await flowsDuring(() =>
    forEachNumber(200, async (index) => {
      const service = `short-${index}`;
      const identity = index % 10 === 0 ? ["setpriv", `--reuid=${NOBODY}`, "--clear-groups"] : [];
      const { pid, failed } = await runClient({
        to: server.target,
        exitFast: true,
        env: { DD_SERVICE: service },
        within: [...identity, "bash", "-c", 'shift; exec "$0" "$@"', program],
      });
      assert.equal(failed, 0);
      pids.set(service, pid);
    }),
  );
  const found = flows.map(({ source }) => [source?.service, source?.process, source?.user, source?.pid]);
  const expected = [...pids].map(([service, pid]) => {
    return [service, "till", Number(service.slice(6)) % 10 === 0 ? "nobody" : "root", pid];
  });
  // a pass that meets a process early has a row for what it knew then, under the same names
  assert.deepEqual([...new Set(byText(found))], byText(expected));
  const gone = flows.filter(({ source }) => source?.exe === null).length;
  assert.ok(gone > 0, "some were gone before npmon could look into /proc");
});

function byText(rows: readonly unknown[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}

/** Start times count 10 ms; one pid twice in the same one would take three million forks a second. */
const SAME_START_MS = 30;

async function passed(ms: number, since = performance.now()): Promise<void> {
  await until(`${ms} ms`, () => performance.now() - since >= ms);
}

test("a process that gets the pid of another one does not get its name", async () => {
  const runs = new Map<string, number>();
  let startedAt = 0;
  const flows = await flowsDuring(async () => {
    for (let index = 0; index < 40; index++) {
      const service = `reuse-${index}`;
      const wanted = [...runs.values()][0];
      // The next process of this machine gets the number after this one, if nobody has it.
      await passed(SAME_START_MS, startedAt);
      startedAt = performance.now();
      if (wanted !== undefined) writeFileSync("/proc/sys/kernel/ns_last_pid", String(wanted - 1));
      const { pid } = await runClient({ to: server.target, exitFast: true, env: { DD_SERVICE: service } });
      runs.set(service, pid);
    }
  });
  const reused = runs.size - new Set(runs.values()).size;
  assert.ok(reused > 0, "a pid was used again");
  // twice where a pass met the process early, as above
  const found = byText(flows.map(({ source }) => [source?.service, source?.pid]));
  assert.deepEqual([...new Set(found)], byText([...runs]), `${reused} pids were used again`);
});

/** Enters a control group and becomes the program: what an engine does around `exec`. */
function inside(cgroup: string): readonly string[] {
  return [...NAMELESS, "bash", "-c", `echo $$ > '${cgroup}/cgroup.procs'; exec "$0" "$@"`];
}

async function runInside(cgroup: string): Promise<void> {
  const { failed } = await runClient({ to: server.target, exitFast: true, within: inside(cgroup) });
  assert.equal(failed, 0);
}

const ROOT = findCgroupRoot();
const CONTAINER_ID = "5eed".repeat(16);

/** Each test has names of its own: npmon runs anew, but a group may take a moment to go. */
function serviceCgroup(name: string): string {
  return makeCgroup(join(String(ROOT), name));
}

test("a process that was gone at once has the unit or the container that its control group names", async () => {
  assert.ok(ROOT !== null, "cgroup v2 is mounted");
  const unit = serviceCgroup("npmon-test.service");
  const docker = serviceCgroup("npmon-test-docker");
  const container = makeCgroup(join(docker, CONTAINER_ID));
  const flows = await flowsDuring(() =>
    forEachNumber(40, (index) => runInside(index % 2 === 0 ? unit : container)),
  );
  const gone = flows.filter(({ source }) => source?.exe === null);
  assert.ok(gone.length > 0, "some were gone before npmon could look into /proc");
  const tags = flows.map(({ source }) => [
    source?.unit,
    source?.container_id,
    source?.service,
    source?.cgroup,
    source?.process,
  ]);
  const ofUnit = ["npmon-test.service", null, "npmon-test", "/npmon-test.service", "traffic"];
  const ofContainer = [
    null,
    CONTAINER_ID,
    CONTAINER_ID.slice(0, 12),
    `/npmon-test-docker/${CONTAINER_ID}`,
    "traffic",
  ];
  assert.deepEqual(
    byText(tags),
    byText([...Array(20).fill(ofUnit), ...Array(20).fill(ofContainer)]),
    `${gone.length} were gone`,
  );
});

/** After this long npmon has met the first process. */
const LOOKED_UP_MS = 300;

test("a control group that is made a moment after another one was looked up is found as well", async () => {
  const first = serviceCgroup("npmon-first.service");
  const flows = await flowsDuring(async () => {
    await runInside(first);
    await passed(LOOKED_UP_MS);
    const second = serviceCgroup("npmon-second.service");
    for (let index = 0; index < 10; index++) await runInside(second);
  });
  const units = flows.map(({ source }) => source?.unit);
  assert.deepEqual(units.sort(), ["npmon-first.service", ...Array(10).fill("npmon-second.service")]);
});
