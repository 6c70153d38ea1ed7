import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, readlinkSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProcessSighting } from "../../src/flow/process.ts";
import { findCgroupRoot } from "../../src/tag/cgroup-mount.ts";
import { ProcFs } from "../../src/tag/proc-fs.ts";
import { ProcessTable } from "../../src/tag/process-table.ts";

const ID = "5e1f".repeat(16);
const proc = new ProcFs("/proc");

function startTicksOf(pid: number): number {
  const stat = proc.stat(pid);
  assert.ok(stat !== null, `process ${pid} is not there`);
  return stat.startTicks;
}

function sight(pid: number): ProcessSighting {
  return { pid, startTicks: startTicksOf(pid), comm: null, uid: null, cgroupId: null, environ: null };
}

/** A `sleep` that has called exec: until then it would have the name and environment of this process. */
async function withSleeper(
  env: NodeJS.ProcessEnv,
  use: (pid: number, child: ChildProcess) => unknown,
): Promise<void> {
  const child = spawn("sleep", ["60"], { env: { PATH: process.env.PATH ?? "", ...env }, stdio: "ignore" });
  try {
    await once(child, "spawn");
    await use(child.pid ?? 0, child);
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
}

async function eventually(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!isTrue()) {
    assert.ok(performance.now() < deadline, `still not so after ten seconds: ${isTrue}`);
    await sleep(5);
  }
}

describe("ProcessTable on this host", () => {
  it("tags a process that is running", async () => {
    await withSleeper({ DD_SERVICE: "dormitory" }, (pid) => {
      const tags = new ProcessTable().see(sight(pid));
      assert.equal(tags.pid, pid);
      assert.equal(tags.process, "sleep");
      assert.equal(tags.service, "dormitory");
      assert.equal(tags.exe, readlinkSync(`/proc/${pid}/exe`));
      const user = readFileSync("/etc/passwd", "utf8")
        .split("\n")
        .find((line) => line.split(":")[2] === String(process.getuid?.()));
      assert.equal(tags.user, user?.split(":")[0]);
    });
  });

  it("agrees with the start time that the host reports for itself", () => {
    const uptimeMs = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1_000;
    const ageMs = uptimeMs - startTicksOf(process.pid) * 10;
    assert.ok(
      Math.abs(ageMs - process.uptime() * 1_000) < 2_000,
      `${ageMs} against ${process.uptime() * 1_000}`,
    );
  });

  it("remembers a process after it ended, and knows nothing of one it never saw", async () => {
    const table = new ProcessTable();
    let seen: ProcessSighting | undefined;
    await withSleeper({ OTEL_SERVICE_NAME: "fleeting" }, (pid) => {
      seen = sight(pid);
      table.see(seen);
    });
    assert.ok(seen !== undefined);
    assert.equal(table.get(seen.pid, seen.startTicks)?.service, "fleeting");
    assert.equal(new ProcessTable().get(seen.pid, seen.startTicks), null);
    assert.equal(new ProcessTable().see({ ...seen, comm: "sleep" }).service, "sleep");
    table.sweep(performance.now() + 3_600_000);
    assert.equal(table.size, 0);
  });

  it("keeps to the sighting for a process that has ended but was not reaped", async () => {
    // The shell turns into a `sleep`, which knows nothing of its child and so never waits for it. The child ends
    // with its input: not before, or the shell might notice.
    const parent = spawn("sh", ["-c", "exec 3<&0; read -r line <&3 & echo $!; exec sleep 60"], {
      env: { PATH: process.env.PATH ?? "", DD_SERVICE: "undead" },
      stdio: ["pipe", "pipe", "ignore"],
    });
    try {
      const [line] = await once(parent.stdout, "data");
      const pid = Number(String(line));
      await eventually(() => proc.stat(parent.pid ?? -1)?.comm === "sleep");
      parent.stdin.end();
      await eventually(() => proc.stat(pid)?.zombie === true);
      const tags = new ProcessTable().see({ ...sight(pid), environ: "DD_SERVICE=undead\0" });
      assert.deepEqual([tags.service, tags.exe, tags.process], ["undead", null, "sh"]);
    } finally {
      parent.kill("SIGKILL");
      await once(parent, "exit");
    }
  });

  it("tags kernel threads, which have no executable and no environment", () => {
    const kthread = [...proc.pids()].find(
      (pid) => proc.read(pid, proc.stat(pid)?.startTicks ?? -1)?.environ === null,
    );
    assert.ok(kthread !== undefined);
    const tags = new ProcessTable().get(kthread, startTicksOf(kthread));
    assert.equal(tags?.exe, null);
    assert.equal(tags?.service, tags?.process);
  });

  it("finds the control group of a real container path, while the process lives and after", async () => {
    const mount = findCgroupRoot();
    assert.ok(mount !== null);
    const outer = join(mount, `npmon-test-${process.pid}`);
    const inner = join(outer, ID);
    mkdirSync(inner, { recursive: true });
    try {
      let nowMs = 0;
      const table = new ProcessTable({ nowMs: () => nowMs });
      const cgroupId = statSync(inner, { bigint: true }).ino;
      let seen: ProcessSighting | undefined;
      await withSleeper({}, (pid) => {
        seen = { ...sight(pid), cgroupId };
        assert.equal(table.see(seen).container_id, null);
        writeFileSync(join(inner, "cgroup.procs"), String(pid));
        nowMs = 1_000;
        const tags = table.see(seen);
        assert.equal(tags.container_id, ID);
        assert.equal(tags.cgroup, `/npmon-test-${process.pid}/${ID}`);
        assert.equal(tags.service, "5e1f5e1f5e1f");
      });
      assert.ok(seen !== undefined);
      assert.equal(new ProcessTable().see({ ...seen, comm: "sleep" }).container_id, ID);
    } finally {
      rmdirSync(inner);
      rmdirSync(outer);
    }
  });
});
