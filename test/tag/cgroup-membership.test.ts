import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chooseCgroup, parseCgroupFile, unifiedPath } from "../../src/tag/cgroup-membership.ts";

const ID = "4f3c8a1d2b6e9f700112233445566778899aabbccddeeff00fedcba987654321";

const CASES: readonly [host: string, file: string, chosen: string | null][] = [
  ["v2 alone", "0::/system.slice/nginx.service\n", "/system.slice/nginx.service"],
  ["v2 alone, root", "0::/\n", "/"],
  [
    "v1 alone, docker",
    `12:cpu,cpuacct:/docker/${ID}\n11:memory:/docker/${ID}\n1:name=systemd:/docker/${ID}\n`,
    `/docker/${ID}`,
  ],
  [
    "v1 alone, a service",
    "11:memory:/system.slice\n4:pids:/system.slice/a.service\n1:name=systemd:/system.slice/b.service\n",
    "/system.slice/b.service",
  ],
  [
    "both, docker on v1 only",
    `2:memory:/docker/${ID}\n1:name=systemd:/system.slice/containerd.service\n0::/system.slice/containerd.service\n`,
    `/docker/${ID}`,
  ],
  ["both, docker on v2", `9:name=systemd:/\n4:memory:/other/thing\n0::/docker/${ID}\n`, `/docker/${ID}`],
  ["both, nothing on v2", "9:name=systemd:/system.slice/a.service\n0::/\n", "/system.slice/a.service"],
  ["both, nothing that names anything", "9:name=systemd:/\n4:memory:/process_api/ffd0d531\n0::/\n", "/"],
  ["v1 without any name", "4:memory:/m\n1:name=systemd:/s\n", "/s"],
  ["a removed group", `0::/docker/${ID} (deleted)\n`, `/docker/${ID}`],
  ["a reader in a namespace below", "0::/../../system.slice/a.service\n", "/system.slice/a.service"],
  ["a reader in a namespace beside", "0::/..\n", "/"],
  [
    "a path with colons",
    `0::/kubepods-pod1.slice:cri-containerd:${ID}\n`,
    `/kubepods-pod1.slice:cri-containerd:${ID}`,
  ],
  ["two dots at the start of a name", "0::/..a/b\n", "/..a/b"],
  ["an empty file", "", null],
  ["lines that are none", "x\n0:\n0::relative\n::/a\n\n", null],
];

describe("chooseCgroup", () => {
  for (const [host, file, chosen] of CASES) {
    it(`chooses ${chosen ?? "nothing"} for ${host}`, () => {
      assert.equal(chooseCgroup(parseCgroupFile(file)), chosen);
    });
  }
});

describe("unifiedPath", () => {
  it("is the path of the v2 hierarchy, whatever other hierarchies say", () => {
    assert.equal(unifiedPath(parseCgroupFile(`2:memory:/docker/${ID}\n0::/a\n`)), "/a");
    assert.equal(unifiedPath(parseCgroupFile("2:memory:/a\n0:weird:/b\n")), null);
  });
});
