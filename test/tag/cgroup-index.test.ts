import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";
import { CgroupIndex } from "../../src/tag/cgroup-index.ts";
import { findCgroupRoot } from "../../src/tag/cgroup-mount.ts";

const base = mkdtempSync(join(tmpdir(), "npmon-cgroup-"));
after(() => rmSync(base, { recursive: true }));

function inode(path: string): bigint {
  return statSync(path, { bigint: true }).ino;
}

describe("CgroupIndex", () => {
  let root: string;
  let nowMs: number;
  let index: CgroupIndex;

  beforeEach(() => {
    root = mkdtempSync(join(base, "root-"));
    nowMs = 0;
    index = new CgroupIndex(
      () => root,
      () => nowMs,
    );
  });

  it("does not walk before it is asked", () => {
    assert.equal(index.walks, 0);
  });

  it("finds groups at every depth, and the root", () => {
    mkdirSync(join(root, "system.slice/a.service/deep"), { recursive: true });
    mkdirSync(join(root, "docker"));
    assert.equal(
      index.pathOf(inode(join(root, "system.slice/a.service/deep"))),
      "/system.slice/a.service/deep",
    );
    assert.equal(index.pathOf(inode(join(root, "docker"))), "/docker");
    assert.equal(index.pathOf(inode(root)), "/");
    assert.equal(index.walks, 1);
  });

  it("walks again for an unknown group, but not at once", () => {
    assert.equal(index.pathOf(1n), null);
    mkdirSync(join(root, "late"));
    const id = inode(join(root, "late"));
    nowMs = 49;
    assert.equal(index.pathOf(id), null);
    nowMs = 50;
    assert.equal(index.pathOf(id), "/late");
    for (let unknown = 0n; unknown < 100n; unknown++) index.pathOf(-unknown);
    assert.equal(index.walks, 2);
  });

  it("waits longer after a walk that took long", () => {
    const times = [0, 300];
    const slow = new CgroupIndex(
      () => root,
      () => times.shift() ?? 6_299,
    );
    slow.pathOf(1n);
    slow.pathOf(1n);
    assert.equal(slow.walks, 1);
    times.push(6_300);
    slow.pathOf(1n);
    assert.equal(slow.walks, 2);
  });

  it("remembers groups that have been removed", () => {
    mkdirSync(join(root, "gone"));
    const id = inode(join(root, "gone"));
    assert.equal(index.pathOf(id), "/gone");
    renameSync(join(root, "gone"), join(base, "elsewhere"));
    nowMs = 10_000;
    index.pathOf(1n);
    assert.equal(index.pathOf(id), "/gone");
  });

  it("learns a path without walking, if the directory agrees", () => {
    mkdirSync(join(root, "a"));
    mkdirSync(join(root, "b"));
    index.learn(inode(join(root, "a")), "/a");
    index.learn(inode(join(root, "b")), "/a");
    index.learn(12_345n, "/nonexistent");
    assert.equal(index.pathOf(inode(join(root, "a"))), "/a");
    assert.equal(index.walks, 0);
    assert.equal(index.pathOf(inode(join(root, "b"))), "/b");
    assert.equal(index.pathOf(12_345n), null);
  });

  it("gives nothing where there is no hierarchy, and asks for it once", () => {
    let asked = 0;
    const none = new CgroupIndex(
      () => {
        asked++;
        return null;
      },
      () => nowMs,
    );
    none.learn(1n, "/");
    for (; nowMs < 10_000; nowMs += 1_000) assert.equal(none.pathOf(1n), null);
    assert.equal(asked, 1);
  });

  it("finds groups of the real hierarchy, whose leaves it does not list", () => {
    const mount = findCgroupRoot();
    assert.ok(mount !== null);
    const outer = join(mount, `npmon-test-${process.pid}`);
    mkdirSync(join(outer, "inner"), { recursive: true });
    try {
      const real = new CgroupIndex(
        () => mount,
        () => 0,
      );
      assert.equal(real.pathOf(inode(join(outer, "inner"))), `/npmon-test-${process.pid}/inner`);
    } finally {
      rmdirSync(join(outer, "inner"));
      rmdirSync(outer);
    }
  });

  it("walks two thousand groups in well under a second", () => {
    for (let slice = 0; slice < 20; slice++) {
      for (let group = 0; group < 100; group++)
        mkdirSync(join(root, `s${slice}/g${group}`), { recursive: true });
    }
    const started = performance.now();
    assert.equal(index.pathOf(inode(join(root, "s7/g42"))), "/s7/g42");
    assert.ok(performance.now() - started < 1_000);
  });
});
