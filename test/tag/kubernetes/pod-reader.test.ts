import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Interner } from "../../../src/tag/kubernetes/interner.ts";
import { PodReader } from "../../../src/tag/kubernetes/pod-reader.ts";
import { containerIdOf, podJson, uidOf } from "./pod-json.ts";

const reader = new PodReader({ keepLabels: ["team"], interner: new Interner() });
const A = containerIdOf("a");
const B = containerIdOf("b");

/** Plain objects, for comparing. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function facts(json: unknown, view: "node" | "cluster" = "node") {
  return reader.read(json, view)?.facts ?? null;
}

describe("PodReader", () => {
  it("reads a pod of a Deployment", () => {
    const pod = podJson({
      name: "checkout-6d5f9c4b7d-x7k2p",
      ips: ["10.244.1.7", "fd00:10:244:1::7"],
      labels: { app: "checkout", "pod-template-hash": "6d5f9c4b7d", "tags.datadoghq.com/env": "prod" },
      owner: { kind: "ReplicaSet", name: "checkout-6d5f9c4b7d" },
      containerIds: [A, B],
      startTime: "2026-03-04T05:06:08Z",
    });
    const reading = reader.read(pod, "node");
    assert.deepEqual(plain(reading), {
      facts: {
        uid: uidOf("checkout-6d5f9c4b7d-x7k2p"),
        pod: "checkout-6d5f9c4b7d-x7k2p",
        namespace: "shop",
        node: "web-1",
        workload: "checkout",
        workloadKind: "Deployment",
        labels: { "tags.datadoghq.com/env": "prod", app: "checkout", "pod-template-hash": "6d5f9c4b7d" },
        ips: ["10.244.1.7", "fd00:10:244:1::7"],
        hostNetwork: false,
        containers: {
          [A]: { name: "main-0", image: "registry.example:5000/shop/checkout:2.1" },
          [B]: { name: "main-1", image: "registry.example:5000/shop/checkout:2.1" },
        },
      },
      view: "node",
      staticUid: null,
      finished: false,
      terminating: false,
      startedMs: Date.parse("2026-03-04T05:06:08Z"),
    });
    assert.ok(Object.isFrozen(reading?.facts));
  });

  it("keeps of pods of other nodes only the labels that were asked for, and no containers", () => {
    const labels = { "pod-template-hash": "6d", app: "checkout", team: "blue", tier: "web" };
    const pod = podJson({ name: "a", labels, containerIds: [A] });
    assert.deepEqual(plain(facts(pod, "cluster")?.labels), { team: "blue", app: "checkout" });
    assert.deepEqual(Object.keys(facts(pod, "cluster")?.containers ?? { x: 1 }), []);
    assert.deepEqual(plain(facts(pod, "node")?.labels), labels);
  });

  it("shares labels between pods of one workload", () => {
    const labels = { app: "shared", team: "blue" };
    assert.equal(
      facts(podJson({ name: "a", labels }))?.labels,
      facts(podJson({ name: "b", labels }))?.labels,
    );
  });

  it("keeps 32 labels, those that tags are made of first", () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`label-${i}`, "x"]));
    const labels = facts(podJson({ name: "a", labels: { ...many, app: "checkout", team: "blue" } }))?.labels;
    assert.equal(Object.keys(labels ?? {}).length, 32);
    assert.deepEqual([labels?.app, labels?.team], ["checkout", "blue"]);
  });

  it("knows a static pod by the UID that its control groups have", () => {
    const hash = "81cdabfc720501d9e81b425b15921b4d";
    const annotations = { "kubernetes.io/config.mirror": hash, "kubernetes.io/config.source": "file" };
    const pod = podJson({
      name: "etcd-web-1",
      annotations,
      owner: { kind: "Node", name: "web-1" },
      hostNetwork: true,
    });
    const reading = reader.read(pod, "node");
    assert.equal(reading?.staticUid, hash);
    assert.equal(reading?.facts.workload, null);
    assert.equal(reading?.facts.hostNetwork, true);
  });

  it("reads a pod that is not scheduled yet", () => {
    const reading = reader.read(podJson({ name: "a", node: null, phase: "Pending" }), "cluster");
    assert.equal(reading?.facts.node, null);
    assert.deepEqual(reading?.facts.ips, []);
    assert.equal(reading?.startedMs, Date.parse("2026-03-04T05:06:07Z"));
  });

  it("says whether a pod has ended or is ending", () => {
    assert.equal(reader.read(podJson({ name: "a", phase: "Succeeded" }), "node")?.finished, true);
    assert.equal(reader.read(podJson({ name: "a", phase: "Failed" }), "node")?.finished, true);
    assert.equal(reader.read(podJson({ name: "a", terminating: true }), "node")?.terminating, true);
  });

  it("finds init and debug containers, and the container before the last restart", () => {
    const pod = podJson({ name: "a", containerIds: [] });
    const [init, debug, last, now] = ["i", "d", "l", "n"].map(containerIdOf);
    const found = facts({
      ...pod,
      spec: {
        initContainers: [{ name: "setup", image: "busybox" }],
        containers: [{ name: "main", image: "web:1" }],
      },
      status: {
        initContainerStatuses: [
          { name: "setup", image: "busybox:latest", containerID: `containerd://${init}` },
        ],
        ephemeralContainerStatuses: [{ name: "debug", image: "tools", containerID: `cri-o://${debug}` }],
        containerStatuses: [
          {
            name: "main",
            image: "sha256:abc",
            containerID: `docker://${now}`,
            lastState: { terminated: { exitCode: 1, containerID: `docker://${last}` } },
          },
        ],
      },
    });
    assert.deepEqual(plain(found?.containers), {
      [init as string]: { name: "setup", image: "busybox" },
      [debug as string]: { name: "debug", image: "tools" },
      [last as string]: { name: "main", image: "web:1" },
      [now as string]: { name: "main", image: "web:1" },
    });
  });

  const ADDRESSES: readonly [what: string, status: object, ips: string[]][] = [
    [
      "podIPs",
      { podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }] },
      ["10.0.0.1", "fd00::1"],
    ],
    ["podIP alone, before Kubernetes 1.16", { podIP: "10.0.0.1" }, ["10.0.0.1"]],
    ["IPv6 written otherwise", { podIP: "FD00:0:0:0:0:0:0:1" }, ["fd00::1"]],
    ["IPv4 in IPv6", { podIP: "::ffff:10.0.0.1" }, ["10.0.0.1"]],
    ["the same twice", { podIPs: [{ ip: "fd00::1" }, { ip: "fd00:0::1" }] }, ["fd00::1"]],
    [
      "no more than eight",
      { podIPs: Array.from({ length: 9 }, (_, i) => ({ ip: `10.0.0.${i}` })) },
      [...Array.from({ length: 8 }, (_, i) => `10.0.0.${i}`)],
    ],
    ["no loopback", { podIPs: [{ ip: "127.0.0.1" }, { ip: "::1" }] }, []],
    ["no wildcard", { podIPs: [{ ip: "0.0.0.0" }, { ip: "::" }] }, []],
    ["no zone", { podIP: "fe80::1%eth0" }, []],
    ["no nonsense", { podIP: "10.0.0.1\u001b[2J", podIPs: [{ ip: 3 }, null, "10.0.0.1", { ip: "x" }] }, []],
  ];
  for (const [what, status, ips] of ADDRESSES) {
    it(`reads addresses: ${what}`, () => {
      assert.deepEqual(facts({ ...podJson({ name: "a" }), status })?.ips, ips);
    });
  }

  const NO_PODS: readonly unknown[] = [
    null,
    3,
    "pod",
    [],
    {},
    { metadata: null },
    { metadata: [] },
    { metadata: { name: "a", namespace: "b" } },
    { metadata: { name: "a", namespace: "b", uid: "" } },
    { metadata: { name: "a", namespace: "b", uid: 7 } },
    { metadata: { name: "a", namespace: "b", uid: "__proto__" } },
    { metadata: { name: "a\u001b[2J", namespace: "b", uid: "1" } },
    { metadata: { name: "a\n", namespace: "b", uid: "1" } },
    { metadata: { name: "a".repeat(254), namespace: "b", uid: "1" } },
    { metadata: { name: "a", namespace: "b\u202e", uid: "1" } },
    { metadata: { name: ["a"], namespace: "b", uid: "1" } },
  ];
  for (const json of NO_PODS) {
    it(`takes ${JSON.stringify(json)?.slice(0, 60)} for no pod`, () => {
      assert.equal(reader.read(json, "node"), null);
    });
  }

  it("reads what it can of a pod whose fields have other types", () => {
    const metadata = { name: "a", namespace: "b", uid: "1" };
    for (const odd of [null, 0, "x", [], [[]], {}, true, { a: [null] }]) {
      const reading = reader.read(
        {
          metadata: {
            ...metadata,
            labels: odd,
            annotations: odd,
            ownerReferences: odd,
            deletionTimestamp: odd,
          },
          spec: odd,
          status: odd,
        },
        "node",
      );
      assert.equal(reading?.facts.pod, "a");
      const parts = { nodeName: odd, hostNetwork: odd, containers: odd, podIP: odd, podIPs: odd, phase: odd };
      const statuses = { containerStatuses: odd, initContainerStatuses: [odd], startTime: odd };
      const other = reader.read({ metadata, spec: parts, status: { ...parts, ...statuses } }, "node");
      assert.equal(other?.facts.pod, "a");
    }
  });

  it("is not led astray by keys that JavaScript knows", () => {
    const json = JSON.stringify(podJson({ name: "a", labels: { app: "x" } })).replace(
      '"labels":{',
      '"__proto__":{"polluted":true},"labels":{"__proto__":"evil","constructor":"c","toString":"t",',
    );
    const labels = facts(JSON.parse(json))?.labels;
    assert.deepEqual(plain(labels), { app: "x", constructor: "c", toString: "t" });
    assert.equal(labels?.valueOf, undefined);
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  });

  it("leaves out labels that no API server lets through", () => {
    const labels = {
      app: "x",
      "control\u001b": "a",
      "a/b/c": "a",
      value: "a\u001b[31m",
      long: "v".repeat(64),
      number: 3 as unknown as string,
      empty: "",
    };
    assert.deepEqual(plain(facts(podJson({ name: "a", labels }))?.labels), { app: "x", empty: "" });
  });

  it("leaves out images and containers that have another form", () => {
    const pod = podJson({
      name: "a",
      containerIds: [A, "short", B.toUpperCase()],
      image: "x\u001b]0;y\u0007",
    });
    assert.deepEqual(plain(facts(pod)?.containers), { [A]: { name: "main-0", image: null } });
  });
});
