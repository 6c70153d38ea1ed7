import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findContainer, tagContainer } from "../../src/tag/container.ts";

const ID = "4f3c8a1d2b6e9f700112233445566778899aabbccddeeff00fedcba987654321";
const OTHER = "00aa11bb22cc33dd44ee55ff66778899aabbccddeeff00112233445566778899";
const POD = "pod5d6e1f0a-3c1b-4f6e-9a51-0d1c2b3a4e5f";
const POD_ = POD.replaceAll("-", "_");

const INSIDE: readonly [path: string, engine: string][] = [
  [`/docker/${ID}`, "docker, cgroupfs"],
  [`/docker/${ID}/`, "docker, cgroupfs, with a final slash"],
  [`/system.slice/docker-${ID}.scope`, "docker, systemd"],
  [`/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${ID}.scope`, "rootless docker"],
  [`/docker/${OTHER}/docker/${ID}`, "docker in docker"],
  [`/system.slice/docker-${OTHER}.scope/docker/${ID}`, "docker in docker, systemd outside"],
  [`/docker/${OTHER}/kubelet/kubepods/besteffort/${POD}/${ID}`, "kind"],
  [`/docker/${ID}/init.scope`, "systemd in docker"],
  [`/kubepods/besteffort/${POD}/${ID}`, "Kubernetes, cgroupfs, besteffort"],
  [`/kubepods/burstable/${POD}/${ID}`, "Kubernetes, cgroupfs, burstable"],
  [`/kubepods/${POD}/${ID}`, "Kubernetes, cgroupfs, guaranteed"],
  [
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-${POD_}.slice/cri-containerd-${ID}.scope`,
    "Kubernetes, containerd, systemd, besteffort",
  ],
  [`/kubepods.slice/kubepods-${POD_}.slice/cri-containerd-${ID}.scope`, "Kubernetes, containerd, guaranteed"],
  [
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-${POD_}.slice/docker-${ID}.scope`,
    "dockershim",
  ],
  [`/kubepods.slice/kubepods-${POD_}.slice/crio-${ID}.scope`, "cri-o, systemd"],
  [`/kubepods.slice/kubepods-${POD_}.slice/crio-${ID}.scope/container`, "cri-o with crun"],
  [`/kubepods/${POD}/crio-${ID}`, "cri-o, cgroupfs"],
  [
    `/system.slice/containerd.service/kubepods-besteffort-${POD_}.slice:cri-containerd:${ID}`,
    "containerd, mixed drivers",
  ],
  [`/kubepods-burstable-${POD_}.slice:cri-containerd:${ID}`, "containerd, mixed drivers, v2"],
  [`/machine.slice/libpod-${ID}.scope`, "podman, systemd"],
  [`/machine.slice/libpod-${ID}.scope/container`, "podman with crun"],
  [
    `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container`,
    "rootless podman",
  ],
  [`/libpod_parent/libpod-${ID}`, "podman, cgroupfs"],
  [`/system.slice/web.service/libpod-payload-${ID}`, "podman, split"],
  [`/system.slice/nerdctl-${ID}.scope`, "nerdctl"],
  [`/default/${ID}`, "containerd"],
  [`/ecs/e4a4a0d2b7ab4b7b9d0a2a5e1c6f3d88/${ID}`, "ECS on EC2"],
];

const OUTSIDE: readonly string[] = [
  "",
  "/",
  "/system.slice/docker.service",
  "/system.slice/sshd.service",
  "/init.scope",
  "/user.slice/user-1000.slice/session-3.scope",
  `/kubepods.slice/kubepods-${POD_}.slice/crio-conmon-${ID}.scope`,
  `/machine.slice/libpod-conmon-${ID}.scope`,
  `/libpod_parent/conmon-${ID}`,
  "/process_api/ffd0d531e6db0ffd6fe811bb1ca57002",
  "/ecs/e4a4a0d2b7ab4b7b9d0a2a5e1c6f3d88/e4a4a0d2b7ab4b7b9d0a2a5e1c6f3d88-3151853341",
  `/docker/${ID.slice(1)}`,
  `/docker/${ID}0`,
  `/docker/${ID.toUpperCase()}`,
  `/docker/${ID}\n`,
  "/lxc.payload.web",
  `/kubepods/besteffort/${POD}`,
];

describe("findContainer", () => {
  for (const [path, engine] of INSIDE) {
    it(`finds the container of ${engine}`, () => {
      assert.equal(findContainer(path)?.id, ID);
    });
  }

  for (const path of OUTSIDE) {
    it(`finds no container in ${JSON.stringify(path)}`, () => {
      assert.equal(findContainer(path), null);
    });
  }

  it("says at which segment the container begins", () => {
    assert.equal(findContainer(`/docker/${OTHER}/docker/${ID}/init.scope`)?.depth, 4);
  });
});

describe("tagContainer", () => {
  it("is the first twelve digits, as engines print it", () => {
    const facts = { pid: 1, comm: null, exe: null, uid: null, environ: null, container: null, pod: null };
    assert.equal(tagContainer({ ...facts, cgroup: `/docker/${ID}` }), "4f3c8a1d2b6e");
    assert.equal(tagContainer({ ...facts, cgroup: "/" }), null);
    assert.equal(tagContainer({ ...facts, cgroup: null }), null);
  });
});
