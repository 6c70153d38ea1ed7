import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findWorkload } from "../../../src/tag/kubernetes/workload.ts";

const ARGO = { "rollouts-pod-template-hash": "6d5f9c4b7d" };
const HASH = { "pod-template-hash": "6d5f9c4b7d" };

const OWNERS: readonly [
  what: string,
  kind: string,
  name: string,
  labels: Record<string, unknown>,
  workload: string | null,
][] = [
  ["the Deployment of a ReplicaSet", "ReplicaSet", "checkout-6d5f9c4b7d", HASH, "Deployment checkout"],
  ["a Deployment with dashes", "ReplicaSet", "shop-web-v2-6d5f9c4b7d", HASH, "Deployment shop-web-v2"],
  ["the Rollout of a ReplicaSet", "ReplicaSet", "checkout-6d5f9c4b7d", ARGO, "Rollout checkout"],
  ["a ReplicaSet of its own", "ReplicaSet", "checkout-6d5f9c4b7d", {}, "ReplicaSet checkout-6d5f9c4b7d"],
  ["a ReplicaSet with another hash", "ReplicaSet", "checkout-abc", HASH, "ReplicaSet checkout-abc"],
  ["a ReplicaSet called like the hash", "ReplicaSet", "-6d5f9c4b7d", HASH, null],
  ["a hash that is empty", "ReplicaSet", "checkout-", { "pod-template-hash": "" }, "ReplicaSet checkout-"],
  [
    "a hash that is a number",
    "ReplicaSet",
    "checkout-5",
    { "pod-template-hash": 5 },
    "ReplicaSet checkout-5",
  ],
  ["the CronJob of a Job", "Job", "backup-29538907", {}, "CronJob backup"],
  ["the CronJob of a Job before Kubernetes 1.21", "Job", "backup-1614834000", {}, "CronJob backup"],
  ["a CronJob with digits", "Job", "backup-2-29538907", {}, "CronJob backup-2"],
  ["a Job of its own", "Job", "migrate", {}, "Job migrate"],
  ["a Job with a date", "Job", "backup-20260304", {}, "Job backup-20260304"],
  ["a Job with a number", "Job", "batch-17", {}, "Job batch-17"],
  ["a Job that is all time", "Job", "29538907", {}, "Job 29538907"],
  ["a StatefulSet", "StatefulSet", "postgres", HASH, "StatefulSet postgres"],
  ["a DaemonSet", "DaemonSet", "node-exporter", {}, "DaemonSet node-exporter"],
  ["an owner of a kind nobody knows", "SparkApplication", "etl", {}, "SparkApplication etl"],
  ["no owner of a static pod", "Node", "web-1", {}, null],
  ["no owner with a control character", "StatefulSet", "post\u001bgres", {}, null],
  ["no owner with a long name", "StatefulSet", "p".repeat(254), {}, null],
  ["no owner of a kind that is none", "State Set", "postgres", {}, null],
];

describe("findWorkload", () => {
  for (const [what, kind, name, labels, workload] of OWNERS) {
    it(`finds ${what}`, () => {
      const found = findWorkload({ labels, ownerReferences: [{ kind, name, controller: true }] });
      assert.equal(found === null ? null : `${found.kind} ${found.name}`, workload);
    });
  }

  it("takes the owner that controls the pod", () => {
    const ownerReferences = [
      { kind: "ConfigMap", name: "settings" },
      { kind: "DaemonSet", name: "agent", controller: true },
      { kind: "StatefulSet", name: "other", controller: true },
    ];
    assert.deepEqual(findWorkload({ ownerReferences }), { kind: "DaemonSet", name: "agent" });
  });

  it("finds none where nothing controls the pod", () => {
    for (const ownerReferences of [
      undefined,
      null,
      [],
      "x",
      [null, 3, []],
      [{ kind: "Job", name: "a" }],
      [{ kind: "Job", name: "a", controller: "true" }],
      [{ kind: 1, name: "a", controller: true }],
    ]) {
      assert.equal(findWorkload({ ownerReferences }), null);
    }
  });
});
