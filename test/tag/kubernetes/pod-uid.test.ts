import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findPodUid } from "../../../src/tag/kubernetes/pod-uid.ts";

const ID = "4f3c8a1d2b6e9f700112233445566778899aabbccddeeff00fedcba987654321";
const UID = "74c13223-5a00-11e9-b385-42010a80018d";
const SLICE_UID = "74c13223_5a00_11e9_b385_42010a80018d";
const STATIC = "81cdabfc720501d9e81b425b15921b4d";
const OUTER = "eab5a334-93fe-48a8-b139-9e8079c1f163";

const PATHS: readonly [what: string, path: string, uid: string | null][] = [
  ["cgroupfs driver, guaranteed", `/kubepods/pod${UID}/${ID}`, UID],
  ["cgroupfs driver, burstable", `/kubepods/burstable/pod${UID}/${ID}`, UID],
  ["cgroupfs driver, best effort", `/kubepods/besteffort/pod${UID}/${ID}`, UID],
  ["the pod itself", `/kubepods/besteffort/pod${UID}`, UID],
  [
    "systemd driver, guaranteed",
    `/kubepods.slice/kubepods-pod${SLICE_UID}.slice/cri-containerd-${ID}.scope`,
    UID,
  ],
  [
    "systemd driver, burstable",
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${SLICE_UID}.slice/cri-containerd-${ID}.scope`,
    UID,
  ],
  [
    "systemd driver, best effort, docker",
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${SLICE_UID}.slice/docker-${ID}.scope`,
    UID,
  ],
  [
    "systemd driver, cri-o with the container's own group",
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${SLICE_UID}.slice/crio-${ID}.scope/container`,
    UID,
  ],
  ["cri-o's monitor", `/kubepods.slice/kubepods-pod${SLICE_UID}.slice/crio-conmon-${ID}.scope`, UID],
  [
    "systemd names with a cgroupfs runtime",
    `/system.slice/containerd.service/kubepods-burstable-pod${SLICE_UID}.slice:cri-containerd:${ID}`,
    UID,
  ],
  ["systemd names at the root", `/kubepods-burstable-pod${SLICE_UID}.slice:cri-containerd:${ID}`, UID],
  ["systemd inside the container", `/kubepods/pod${UID}/${ID}/system.slice/nginx.service`, UID],
  ["static pod", `/kubepods/burstable/pod${STATIC}/${ID}`, STATIC],
  [
    "static pod, systemd driver",
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${STATIC}.slice/cri-containerd-${ID}.scope`,
    STATIC,
  ],
  [
    "kubelet with a group of its own, as in kind",
    `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${SLICE_UID}.slice/cri-containerd-${ID}.scope`,
    UID,
  ],
  [
    "kind, seen from its host",
    `/system.slice/docker-${ID}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod${SLICE_UID}.slice/cri-containerd-${ID}.scope`,
    UID,
  ],
  ["kind, older", `/docker/${ID}/kubelet/kubepods/besteffort/pod${UID}/${ID}`, UID],
  ["rootless k3s", `/user.slice/user-1000.slice/user@1000.service/kubepods/pod${UID}/${ID}`, UID],
  ["a cluster in a pod: the inner one", `/kubepods/pod${OUTER}/${ID}/kubelet/kubepods/pod${UID}/${ID}`, UID],

  ["docker", `/docker/${ID}`, null],
  ["a pod of podman", `/machine.slice/machine-libpod_pod_${ID}.slice/libpod-${ID}.scope`, null],
  ["a service called pod", `/system.slice/pod${UID}.service`, null],
  ["a pod outside kubepods", `/system.slice/pod${UID}`, null],
  ["a pod above kubepods", `/pod${UID}/kubepods`, null],
  ["QoS class only", "/kubepods.slice/kubepods-burstable.slice", null],
  ["dashes and underscores mixed", "/kubepods/pod74c13223-5a00_11e9-b385-42010a80018d", null],
  ["digits missing", "/kubepods/pod74c13223-5a00-11e9-b385-42010a80018", null],
  ["more digits", `/kubepods/pod${STATIC}0`, null],
  ["capitals", `/kubepods/pod${UID.toUpperCase()}`, null],
  ["root", "/", null],
  ["nothing", "", null],
];

describe("findPodUid", () => {
  for (const [what, path, uid] of PATHS) {
    it(`${uid === null ? "finds no pod" : "finds the pod"}: ${what}`, () => {
      assert.equal(findPodUid(path), uid);
    });
  }
});
