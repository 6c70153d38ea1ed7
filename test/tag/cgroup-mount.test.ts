import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { findCgroupRoot, parseCgroupMounts } from "../../src/tag/cgroup-mount.ts";

const V1 = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory";

describe("parseCgroupMounts", () => {
  it("finds v2 beside v1", () => {
    const text = `${V1}\n41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n`;
    assert.deepEqual(parseCgroupMounts(text), ["/sys/fs/cgroup/unified"]);
  });

  it("finds v2 with optional fields before the dash, and with a space in its path", () => {
    const text = "30 23 0:26 / /mnt/my\\040cgroup rw,nosuid shared:9 master:2 - cgroup2 none rw,nsdelegate\n";
    assert.deepEqual(parseCgroupMounts(text), ["/mnt/my cgroup"]);
  });

  it("prefers the mount that shows the most of the hierarchy", () => {
    const text = [
      "1 0 0:26 /docker/abc /a rw - cgroup2 cgroup rw",
      "2 0 0:26 / /b rw - cgroup2 cgroup rw",
      "3 0 0:26 /../.. /c rw - cgroup2 cgroup rw",
    ].join("\n");
    assert.deepEqual(parseCgroupMounts(text), ["/c", "/b", "/a"]);
  });

  it("finds nothing in v1 and in lines that are none", () => {
    assert.deepEqual(parseCgroupMounts(`${V1}\n\nfoo - cgroup2 bar\n`), []);
  });
});

describe("findCgroupRoot", () => {
  it("finds the hierarchy of this host", () => {
    const root = findCgroupRoot();
    assert.ok(root !== null && existsSync(`${root}/cgroup.procs`), String(root));
  });

  it("falls back to the usual places when there is no mount table", () => {
    assert.equal(findCgroupRoot("/nonexistent"), findCgroupRoot());
  });
});
