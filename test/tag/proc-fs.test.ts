import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { ProcFs } from "../../src/tag/proc-fs.ts";
import { FakeProc } from "./fake-proc.ts";

describe("ProcFs", () => {
  let fake: FakeProc;

  beforeEach(() => {
    fake = new FakeProc();
  });

  afterEach(() => fake.close());

  it("discards what it read when the pid passed to another process meanwhile", async () => {
    fake.put({ pid: 8, startTicks: 600 });
    fake.put({ pid: 7, startTicks: 500, comm: "first" });
    copyFileSync(join(fake.root, "7/stat"), join(fake.root, "original"));
    execFileSync("mkfifo", [join(fake.root, "7/environ")]);
    // Reading the environment waits for the shell, which changes the process, or only pretends to, before it answers.
    for (const [stat, expected] of [
      ["original", "DD_SERVICE=mine\0"],
      ["8/stat", undefined],
    ] as const) {
      const script = `exec 3>7/environ; cp ${stat} 7/stat; printf 'DD_SERVICE=mine\\0' >&3`;
      const shell = spawn("sh", ["-c", script], { cwd: fake.root, stdio: "inherit" });
      const reading = new ProcFs(fake.root).read(7, 500);
      await once(shell, "exit");
      assert.equal(reading?.environ?.slice(0, 16), expected);
    }
  });

  it("lists pids only, and none where there is no procfs", () => {
    fake.put({ pid: 8, startTicks: 1 });
    fake.put({ pid: 4_194_304, startTicks: 1 });
    execFileSync("mkdir", [join(fake.root, "self"), join(fake.root, "sys")]);
    assert.deepEqual([...new ProcFs(fake.root).pids()].sort(), [4_194_304, 8]);
    assert.equal(new ProcFs("/nonexistent").pids().size, 0);
    assert.equal(new ProcFs("/nonexistent").read(1, 1), null);
  });
});
