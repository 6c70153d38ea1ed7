import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { ChangeBatch, type PodChange } from "../../../src/tag/kubernetes/change-batch.ts";
import { Interner } from "../../../src/tag/kubernetes/interner.ts";
import type { PodView } from "../../../src/tag/kubernetes/pod.ts";
import { PodReader, type PodReading } from "../../../src/tag/kubernetes/pod-reader.ts";
import { PodStore } from "../../../src/tag/kubernetes/pod-store.ts";
import { containerIdOf, type PodWish, podJson, uidOf } from "./pod-json.ts";
import { untilEqual } from "./until.ts";

const IP = "10.244.1.7";
const reader = new PodReader({ keepLabels: [], interner: new Interner() });

function reading(wish: PodWish, view: PodView = "node"): PodReading {
  const read = reader.read(podJson(wish), view);
  assert.ok(read !== null);
  return read;
}

describe("PodStore", () => {
  let nowMs: number;
  let told: PodChange[];
  let store: PodStore;
  let changes: ChangeBatch;

  function open(maxPods: number): PodStore {
    changes?.close();
    changes = new ChangeBatch((change) => told.push(change), 1);
    return new PodStore({ maxPods, retiredMs: 1_000, nowMs: () => nowMs, changes });
  }

  beforeEach(() => {
    nowMs = 0;
    told = [];
    store = open(100);
  });

  afterEach(() => changes.close());

  function names(): (string | null)[] {
    const found = [store.byUid(uidOf("a")), store.byContainer(containerIdOf("a")), store.byIp(IP)];
    return found.map((facts) => facts?.pod ?? null);
  }

  it("finds a pod by UID, container and address", () => {
    assert.deepEqual(names(), [null, null, null]);
    store.put(reading({ name: "a", ips: [IP, "fd00::7"] }));
    assert.deepEqual(names(), ["a", "a", "a"]);
    assert.equal(store.byIp("fd00::7"), store.byUid(uidOf("a")));
    assert.deepEqual(store.counts(), { node: 1, cluster: 0, full: false });
  });

  it("keeps the same facts until something in them changes", () => {
    store.put(reading({ name: "a", ips: [IP] }));
    const facts = store.byIp(IP);
    store.put(reading({ name: "a", ips: [IP] }));
    assert.equal(store.byIp(IP), facts);
    store.put(reading({ name: "a", ips: [IP], labels: { app: "new" } }));
    assert.notEqual(store.byIp(IP), facts);
    assert.equal(store.byContainer(containerIdOf("a")), store.byIp(IP));
  });

  it("follows a pod whose container and address change", () => {
    store.put(reading({ name: "a", ips: [IP] }));
    store.put(reading({ name: "a", ips: ["10.244.1.8"], containerIds: [containerIdOf("new")] }));
    assert.deepEqual(names(), ["a", null, null]);
    assert.equal(store.byContainer(containerIdOf("new"))?.pod, "a");
    assert.equal(store.byIp("10.244.1.8")?.pod, "a");
  });

  it("never answers for the address of a pod in the node's network", () => {
    store.put(reading({ name: "a", ips: [IP], hostNetwork: true }));
    assert.deepEqual(names(), ["a", "a", null]);
  });

  it("gives up the address of a pod that ended, but knows its containers for a while", () => {
    store.put(reading({ name: "a", ips: [IP], containerIds: [] }));
    store.put(reading({ name: "a", ips: [IP], phase: "Succeeded" }));
    assert.deepEqual(names(), ["a", "a", null]);
    assert.equal(store.counts().node, 0);
    nowMs = 999;
    store.put(reading({ name: "a", ips: [IP], phase: "Succeeded" }));
    assert.deepEqual(names(), ["a", "a", null]);
    nowMs = 1_000;
    store.put(reading({ name: "b" }));
    assert.deepEqual(names(), [null, null, null]);
  });

  it("does not take in pods that ended before they were known", () => {
    store.put(reading({ name: "a", ips: [IP], phase: "Failed" }));
    assert.deepEqual(names(), [null, null, null]);
  });

  it("takes a deleted pod back when it is there after all", () => {
    store.put(reading({ name: "a", ips: [IP] }));
    store.remove(reading({ name: "a", ips: [IP] }));
    store.remove(reading({ name: "a", ips: [IP] }));
    assert.deepEqual([names(), store.counts().node], [["a", "a", null], 0]);
    store.put(reading({ name: "a", ips: [IP] }));
    assert.deepEqual([names(), store.counts().node], [["a", "a", "a"], 1]);
    nowMs = 10_000;
    store.put(reading({ name: "b" }));
    assert.deepEqual(names(), ["a", "a", "a"]);
  });

  it("gives an address to the next pod, in whatever order the news comes", () => {
    const old = { name: "a", ips: [IP], startTime: "2026-03-04T05:00:00Z" };
    const next = { name: "b", ips: [IP], startTime: "2026-03-04T06:00:00Z" };
    store.put(reading(old));
    store.put(reading(next));
    assert.equal(store.byIp(IP)?.pod, "b");
    store.put(reading({ ...old, terminating: true }));
    assert.equal(store.byIp(IP)?.pod, "b");
    store.remove(reading(old));
    assert.equal(store.byIp(IP)?.pod, "b");
    store.remove(reading(next));
    assert.equal(store.byIp(IP), null);
  });

  it("knows a static pod by both its UIDs", () => {
    const hash = "81cdabfc720501d9e81b425b15921b4d";
    const wish = { name: "a", annotations: { "kubernetes.io/config.mirror": hash } };
    store.put(reading(wish));
    assert.equal(store.byUid(hash)?.pod, "a");
    store.put(reading({ name: "a", uid: hash }));
    store.remove(reading(wish));
    assert.equal(store.byUid(hash)?.uid, hash);
  });

  it("removes what a listing does not have, when it is finished", () => {
    store.put(reading({ name: "a", ips: [IP] }));
    store.put(reading({ name: "far", ips: ["10.244.9.9"] }, "cluster"));
    const broken = store.openListing("node");
    broken.put(reading({ name: "b" }));
    assert.deepEqual(names(), ["a", "a", "a"]);
    const whole = store.openListing("node");
    whole.put(reading({ name: "b" }));
    whole.finish();
    assert.deepEqual(names(), ["a", "a", null]);
    assert.equal(store.byIp("10.244.9.9")?.pod, "far");
    assert.deepEqual(store.counts(), { node: 1, cluster: 1, full: false });
  });

  it("keeps a pod that went over from the view of the cluster to that of the node", () => {
    store.put(reading({ name: "a", node: null, phase: "Pending" }, "cluster"));
    store.put(reading({ name: "a", ips: [IP] }));
    store.remove(reading({ name: "a", node: null, phase: "Pending" }, "cluster"));
    store.put(reading({ name: "a", node: null, phase: "Pending" }, "cluster"));
    assert.deepEqual(names(), ["a", "a", "a"]);
    assert.deepEqual(store.counts(), { node: 1, cluster: 0, full: false });
  });

  it("takes it back when the view of the cluster lost it first", () => {
    store.put(reading({ name: "a", node: null, phase: "Pending" }, "cluster"));
    store.remove(reading({ name: "a", node: null, phase: "Pending" }, "cluster"));
    store.put(reading({ name: "a", ips: [IP] }));
    assert.deepEqual(names(), ["a", "a", "a"]);
  });

  it("gives up addresses that nothing was heard of for long", () => {
    store.put(reading({ name: "a", ips: [IP] }));
    store.put(reading({ name: "far", ips: ["10.244.9.9"] }, "cluster"));
    store.distrust("cluster");
    assert.deepEqual([names(), store.byUid(uidOf("far"))], [["a", "a", "a"], null]);
    store.distrust("node");
    assert.deepEqual(names(), ["a", "a", null]);
    store.put(reading({ name: "a", ips: [IP] }));
    assert.deepEqual(names(), ["a", "a", "a"]);
  });

  it("leaves out pods over the limit and says so, those of this node last", () => {
    store = open(10);
    for (let index = 0; index < 20; index++) store.put(reading({ name: `pod-${index}` }, "cluster"));
    assert.deepEqual(store.counts(), { node: 0, cluster: 10, full: true });
    store.put(reading({ name: "a", ips: [IP] }));
    assert.deepEqual(names(), ["a", "a", "a"]);
    store.openListing("cluster");
    assert.equal(store.counts().full, false);
  });

  it("remembers no more than 10,000 pods that ended", () => {
    store = open(100_000);
    for (let index = 0; index < 12_000; index++) {
      const one = reading({ name: `p${index}` }, "cluster");
      store.put(one);
      store.remove(one);
    }
    assert.equal(store.byUid(uidOf("p1000")), null);
    assert.equal(store.byUid(uidOf("p11999"))?.pod, "p11999");
  });

  it("tells what changed, once", async () => {
    store.put(reading({ name: "a", ips: [IP] }));
    store.put(reading({ name: "a", ips: [IP] }));
    await untilEqual(() => told.map(({ pods, ips }) => [pods.map(({ pod }) => pod), ips]), [[["a"], [IP]]]);
    store.remove(reading({ name: "a", ips: [IP] }));
    await untilEqual(() => told.slice(1), [{ pods: [], ips: [IP] }]);
  });
});
