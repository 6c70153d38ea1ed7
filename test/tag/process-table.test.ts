import assert from "node:assert/strict";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { ProcessSighting } from "../../src/flow/process.ts";
import type { ContainerFacts } from "../../src/tag/facts.ts";
import { ProcessTable } from "../../src/tag/process-table.ts";
import { FakeProc } from "./fake-proc.ts";

const ID = "4f3c8a1d2b6e9f700112233445566778899aabbccddeeff00fedcba987654321";
const BOOTED_MS = 1_000_000;
const OLD_TICKS = 500;
const YOUNG_TICKS = BOOTED_MS / 10 - 100;

const NO_CONTAINER = {
  image: null,
  pod: null,
  namespace: null,
  workload: null,
  env: null,
  version: null,
  labels: null,
};

function sighting(pid: number, startTicks: number, more: Partial<ProcessSighting> = {}): ProcessSighting {
  return { pid, startTicks, comm: null, uid: null, cgroupId: null, environ: null, ...more };
}

describe("ProcessTable", () => {
  let proc: FakeProc;
  let cgroupRoot: string;
  let nowMs: number;
  let table: ProcessTable;

  function createTable(
    maxProcesses?: number,
    findContainer: (id: string) => ContainerFacts | null = () => null,
  ): ProcessTable {
    return new ProcessTable({
      findContainer,
      procRoot: proc.root,
      cgroupRoot,
      nowMs: () => nowMs,
      uptimeMs: () => BOOTED_MS + nowMs,
      maxAgeMs: 60_000,
      ...(maxProcesses === undefined ? {} : { maxProcesses }),
    });
  }

  beforeEach(() => {
    proc = new FakeProc();
    cgroupRoot = join(proc.root, "cgroup");
    mkdirSync(cgroupRoot);
    nowMs = 0;
    table = createTable();
  });

  afterEach(() => proc.close());

  it("reads every tag of a living process", () => {
    mkdirSync(join(proc.root, "1/root/etc"), { recursive: true });
    writeFileSync(join(proc.root, "1/root/etc/passwd"), "www:x:33:33:::\n");
    proc.put({
      pid: 7,
      startTicks: OLD_TICKS,
      comm: "a b) (c\n",
      exe: "/usr/sbin/nginx (deleted)",
      uid: 33,
      cgroup: "4:memory:/x\n0::/system.slice/web.service\n",
      environ: "PATH=/bin\0DD_SERVICE=shop",
    });
    assert.deepEqual(table.get(7, OLD_TICKS), {
      pid: 7,
      process: "a b) (c\n",
      exe: "/usr/sbin/nginx",
      user: "www",
      container: null,
      container_id: null,
      cgroup: "/system.slice/web.service",
      unit: "web.service",
      service: "shop",
      service_source: "DD_SERVICE",
      ...NO_CONTAINER,
    });
  });

  it("gives one frozen object a process, to get and see alike", () => {
    proc.put({ pid: 7, startTicks: OLD_TICKS });
    const tags = table.see(sighting(7, OLD_TICKS));
    assert.ok(Object.isFrozen(tags));
    assert.equal(table.get(7, OLD_TICKS), tags);
    assert.equal(table.see(sighting(7, OLD_TICKS)), tags);
    assert.equal(table.size, 1);
  });

  it("keeps what the sighting says of a process that is gone", () => {
    const gone = sighting(7, OLD_TICKS, { comm: "curl", uid: 4242, environ: "DD_SERVICE=fetcher\0HOME=/ro" });
    assert.deepEqual(table.see(gone), {
      pid: 7,
      process: "curl",
      exe: null,
      user: "4242",
      container: null,
      container_id: null,
      cgroup: null,
      unit: null,
      service: "fetcher",
      service_source: "DD_SERVICE",
      ...NO_CONTAINER,
    });
  });

  it("never gives one process the tags of another that took over its pid", () => {
    proc.put({ pid: 7, startTicks: OLD_TICKS, comm: "first" });
    const first = table.get(7, OLD_TICKS);
    proc.put({
      pid: 7,
      startTicks: OLD_TICKS + 1,
      comm: "second",
      exe: "/second",
      uid: 1,
      environ: "DD_SERVICE=2\0",
    });
    assert.equal(table.get(7, OLD_TICKS), first);
    assert.equal(table.get(7, OLD_TICKS + 1)?.service, "2");
    const other = table.see(sighting(7, OLD_TICKS - 1, { comm: "zeroth" }));
    assert.deepEqual([other.process, other.exe, other.user, other.service], ["zeroth", null, null, "zeroth"]);
  });

  it("gives null for what cannot be known, and remembers nothing of it", () => {
    assert.equal(table.get(7, OLD_TICKS), null);
    proc.put({ pid: 7, startTicks: OLD_TICKS });
    assert.equal(table.get(7, OLD_TICKS + 1), null);
    assert.equal(table.size, 0);
  });

  it("fills what /proc hides from the sighting, and prefers /proc for the rest", () => {
    proc.put({ pid: 7, startTicks: OLD_TICKS, comm: "leader" });
    const tags = table.see(
      sighting(7, OLD_TICKS, { comm: "thread", uid: 5, environ: "OTEL_SERVICE_NAME=o\0" }),
    );
    assert.deepEqual([tags.process, tags.user, tags.service], ["leader", "5", "o"]);
  });

  it("survives bytes that are no UTF-8, and files that are no files", () => {
    const bytes = Buffer.from([
      0x44, 0x44, 0x5f, 0x53, 0x45, 0x52, 0x56, 0x49, 0x43, 0x45, 0x3d, 0xff, 0x41, 0,
    ]);
    proc.put({ pid: 7, startTicks: OLD_TICKS, comm: Buffer.from([0x61, 0xff, 0xc3]), environ: bytes });
    const tags = table.get(7, OLD_TICKS);
    assert.deepEqual([tags?.process, tags?.service], ["a\ufffd\ufffd", "\ufffdA"]);
    proc.put({ pid: 8, startTicks: OLD_TICKS });
    mkdirSync(join(proc.root, "8/environ"));
    mkdirSync(join(proc.root, "8/exe"));
    assert.equal(table.get(8, OLD_TICKS)?.exe, null);
    mkdirSync(join(proc.root, "9/stat"), { recursive: true });
    assert.equal(table.get(9, OLD_TICKS), null);
  });

  it("reads the beginning of an environment that is huge, and ignores the entry at the cut", () => {
    const filler = `F=${"x".repeat(100_000)}\0`;
    proc.put({ pid: 7, startTicks: OLD_TICKS, comm: "x", environ: `${filler}DD_SERVICE=early\0${filler}` });
    assert.equal(table.get(7, OLD_TICKS)?.service, "early");
    proc.put({ pid: 8, startTicks: OLD_TICKS, comm: "x", environ: `${filler}${filler}DD_SERVICE=late\0` });
    assert.equal(table.get(8, OLD_TICKS)?.service, "x");
    const cut = `DD_SERVICE=${"y".repeat(200_000)}\0`;
    proc.put({ pid: 9, startTicks: OLD_TICKS, comm: "x", environ: cut });
    assert.equal(table.get(9, OLD_TICKS)?.service, "x");
  });

  it("finds the container of a process that is gone by the number of its control group", () => {
    mkdirSync(join(cgroupRoot, "docker", ID), { recursive: true });
    const cgroupId = statSync(join(cgroupRoot, "docker", ID), { bigint: true }).ino;
    const tags = table.see(sighting(7, OLD_TICKS, { comm: "curl", cgroupId }));
    assert.deepEqual([tags.cgroup, tags.container_id, tags.service], [`/docker/${ID}`, ID, ID.slice(0, 12)]);
  });

  it("finds it at once where a living process of the same control group was seen", () => {
    table.see(sighting(6, OLD_TICKS, { cgroupId: 1n }));
    mkdirSync(join(cgroupRoot, ID));
    const cgroupId = statSync(join(cgroupRoot, ID), { bigint: true }).ino;
    proc.put({ pid: 7, startTicks: OLD_TICKS, cgroup: `1:memory:/x\n0::/${ID}\n` });
    table.see(sighting(7, OLD_TICKS, { cgroupId }));
    assert.equal(table.see(sighting(8, OLD_TICKS, { cgroupId })).container_id, ID);
  });

  it("finds it for a living process whose control groups cannot be read", () => {
    mkdirSync(join(cgroupRoot, ID));
    const cgroupId = statSync(join(cgroupRoot, ID), { bigint: true }).ino;
    proc.put({ pid: 7, startTicks: OLD_TICKS });
    assert.equal(table.see(sighting(7, OLD_TICKS, { cgroupId })).container_id, ID);
  });

  it("asks again for the control group of a gone process when it could not be looked up at once", () => {
    table.see(sighting(6, OLD_TICKS, { cgroupId: 1n }));
    mkdirSync(join(cgroupRoot, ID));
    const cgroupId = statSync(join(cgroupRoot, ID), { bigint: true }).ino;
    const gone = sighting(7, OLD_TICKS, {
      comm: "curl",
      cgroupId,
      environ: `A=1\0DD_SERVICE=s\0B=${"b".repeat(999)}\0`,
    });
    assert.equal(table.see(gone).container_id, null);
    nowMs = 6_000;
    const later = table.see(gone);
    assert.deepEqual([later.container_id, later.service, later.process], [ID, "s", "curl"]);
    assert.equal(table.see(gone), later);
  });

  it("notices when a young process reaches its container, and keeps to the new object", () => {
    proc.put({ pid: 7, startTicks: YOUNG_TICKS, comm: "runc:[2:INIT]", cgroup: "0::/\n" });
    const early = table.see(sighting(7, YOUNG_TICKS));
    assert.equal(early.container, null);
    proc.put({ pid: 7, startTicks: YOUNG_TICKS, comm: "nginx", cgroup: `0::/docker/${ID}\n` });
    nowMs = 499;
    assert.equal(table.get(7, YOUNG_TICKS), early);
    nowMs = 500;
    const later = table.get(7, YOUNG_TICKS);
    assert.deepEqual(
      [later?.container, later?.process, later?.service],
      [ID.slice(0, 12), "nginx", ID.slice(0, 12)],
    );
    proc.put({ pid: 7, startTicks: YOUNG_TICKS, comm: "other", cgroup: "0::/\n" });
    nowMs = 100_000;
    assert.equal(table.see(sighting(7, YOUNG_TICKS)), later);
  });

  it("looks three times and no more", () => {
    const seen: (string | null | undefined)[] = [];
    for (nowMs of [0, 500, 5_499, 5_500, 6_000, 60_000]) {
      proc.put({ pid: 7, startTicks: YOUNG_TICKS, comm: `at ${nowMs}` });
      seen.push(table.get(7, YOUNG_TICKS)?.process);
    }
    assert.deepEqual(seen, ["at 0", "at 500", "at 500", "at 5500", "at 5500", "at 5500"]);
  });

  it("keeps the same object when the second look finds nothing new", () => {
    proc.put({ pid: 7, startTicks: YOUNG_TICKS, cgroup: "0::/\n" });
    const early = table.get(7, YOUNG_TICKS);
    nowMs = 1_000;
    assert.equal(table.get(7, YOUNG_TICKS), early);
  });

  it("does not look twice at a process that was old", () => {
    proc.put({ pid: 7, startTicks: OLD_TICKS, comm: "before" });
    table.get(7, OLD_TICKS);
    proc.put({ pid: 7, startTicks: OLD_TICKS, comm: "after" });
    nowMs = 1_000;
    assert.equal(table.get(7, OLD_TICKS)?.process, "before");
  });

  it("keeps what it read of a young process that has ended since, zombie or not", () => {
    for (const pid of [7, 8]) {
      proc.put({ pid, startTicks: YOUNG_TICKS, comm: "job", exe: "/job", environ: "DD_SERVICE=j\0" });
      table.get(pid, YOUNG_TICKS);
    }
    proc.remove(7);
    proc.put({ pid: 8, startTicks: YOUNG_TICKS, comm: "job", state: "Z", environ: "" });
    nowMs = 1_000;
    for (const pid of [7, 8]) {
      const tags = table.get(pid, YOUNG_TICKS);
      assert.deepEqual([tags?.service, tags?.exe], ["j", "/job"]);
    }
  });

  it("sweeps processes that ended and were not asked for, and only those", () => {
    for (const pid of [7, 8, 9]) proc.put({ pid, startTicks: OLD_TICKS });
    for (const pid of [7, 8, 9]) table.get(pid, OLD_TICKS);
    table.see(sighting(10, OLD_TICKS));
    proc.remove(8);
    proc.put({ pid: 9, startTicks: OLD_TICKS + 1 });
    nowMs = 59_999;
    table.sweep(nowMs);
    assert.equal(table.size, 4);
    table.see(sighting(10, OLD_TICKS));
    nowMs = 60_000;
    table.sweep(nowMs);
    assert.equal(table.size, 2);
    assert.ok(table.get(7, OLD_TICKS) !== null);
    assert.equal(table.get(8, OLD_TICKS), null);
    assert.equal(table.get(9, OLD_TICKS), null);
    nowMs = 200_000;
    table.sweep(nowMs);
    assert.equal(table.size, 1);
  });

  it("tags all processes of a container again when its engine has answered, and says what took whose place", () => {
    const known = new Map<string, ContainerFacts>();
    table = createTable(undefined, (id) => known.get(id) ?? null);
    for (const pid of [7, 8])
      proc.put({ pid, startTicks: OLD_TICKS, comm: "nginx", cgroup: `0::/docker/${ID}\n` });
    proc.put({ pid: 9, startTicks: OLD_TICKS, comm: "sshd", cgroup: "0::/\n" });
    const early = [7, 8, 9].map((pid) => table.get(pid, OLD_TICKS));
    assert.deepEqual([...table.takeChanges(nowMs)], []);
    known.set(ID, { name: "web-1", image: "registry.example:5000/shop/web:2", labels: { team: "a" } });
    assert.deepEqual([...table.takeChanges(nowMs)], [], "nobody said that anything changed");
    table.containersChanged();
    const changes = table.takeChanges(nowMs);
    const late = [7, 8, 9].map((pid) => table.get(pid, OLD_TICKS));
    assert.deepEqual([...changes.keys()], [early[0], early[1]]);
    assert.deepEqual([...changes.values()], [late[0], late[1]]);
    assert.equal(late[2], early[2]);
    assert.deepEqual(
      [late[0]?.container, late[0]?.service, late[0]?.service_source, late[0]?.labels?.get("team")],
      ["web-1", "web", "image", "a"],
    );
    known.delete(ID);
    table.containersChanged();
    assert.deepEqual([...table.takeChanges(nowMs)], [], "what is known of a container outlives it");
  });

  it("looks at a young process again when its time has come, also when nobody asks for it", () => {
    proc.put({ pid: 7, startTicks: YOUNG_TICKS, comm: "runc", cgroup: "0::/\n" });
    const early = table.get(7, YOUNG_TICKS);
    proc.put({ pid: 7, startTicks: YOUNG_TICKS, comm: "nginx", cgroup: `0::/docker/${ID}\n` });
    nowMs = 499;
    assert.equal(table.takeChanges(nowMs).size, 0);
    nowMs = 500;
    const changes = table.takeChanges(nowMs);
    assert.ok(early !== null);
    assert.equal(changes.get(early)?.container_id, ID);
    assert.equal(changes.get(early), table.get(7, YOUNG_TICKS));
  });

  it("is bounded by count, dropping what went longest without being asked for", () => {
    table = createTable(100);
    for (let pid = 1; pid <= 100; pid++) {
      nowMs++;
      table.see(sighting(pid, OLD_TICKS, { comm: `p${pid}` }));
    }
    nowMs++;
    table.see(sighting(1, OLD_TICKS));
    for (let pid = 101; pid <= 5_000; pid++) {
      nowMs++;
      table.see(sighting(pid, OLD_TICKS));
      assert.ok(table.size <= 100);
      if (pid === 101) {
        assert.equal(table.get(1, OLD_TICKS)?.process, "p1");
        assert.equal(table.get(2, OLD_TICKS), null);
      }
    }
  });
});
