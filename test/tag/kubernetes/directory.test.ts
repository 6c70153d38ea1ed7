import assert from "node:assert/strict";
import { after, afterEach, beforeEach, describe, it } from "node:test";
import type { PodChange } from "../../../src/tag/kubernetes/change-batch.ts";
import { openPodDirectory, type PodDirectory } from "../../../src/tag/kubernetes/directory.ts";
import type { KubernetesSettings } from "../../../src/tag/kubernetes/endpoint.ts";
import { makeClusterFiles } from "./certificate.ts";
import { FakeApi, refuse, status } from "./fake-api.ts";
import { FAST } from "./fast.ts";
import { containerIdOf, podJson, uidOf } from "./pod-json.ts";
import { until, untilEqual } from "./until.ts";

const files = makeClusterFiles();
after(() => files.remove());

const IP = "10.244.1.7";
const FAR = "10.244.9.9";

describe("a directory of pods at an API server", () => {
  let api: FakeApi;
  let directory: PodDirectory;
  const told: PodChange[] = [];
  /** Time that has passed besides what has. */
  let aheadMs = 0;

  beforeEach(async () => {
    api = await FakeApi.open(files);
    told.length = 0;
    files.writeToken("first");
  });

  afterEach(async () => {
    directory.close();
    await api.close();
  });

  function open(settings: Partial<KubernetesSettings> = {}, timings = {}): void {
    const endpoint = { url: api.url, tokenFile: files.tokenFile, caFile: files.caFile, insecure: false };
    const all = { api: endpoint, kubelet: null, nodeName: "web-1", scope: "cluster", problem: null } as const;
    directory = openPodDirectory({
      settings: { ...all, ...settings },
      onChange: (change) => told.push(change),
      timings: { ...FAST, ...timings },
      nowMs: () => performance.now() + aheadMs,
    });
  }

  /** Both watches are on, so what happens now is seen as it happens. */
  async function watched(watches = 2): Promise<void> {
    await until("the watches", () => api.watching === watches);
  }

  const podAt = (ip: string) => directory.byIp(ip)?.pod ?? null;
  const asked = (verb: "list" | "watch", view: "node" | "cluster") =>
    api.asked.filter(
      ({ verb: was, query }) =>
        was === verb && query.get("fieldSelector")?.startsWith("spec.nodeName!=") === (view === "cluster"),
    );

  it("lists page by page, then watches from the version of the list", async () => {
    for (let index = 0; index < 1_203; index++) {
      api.put(
        podJson({
          name: `far-${String(index).padStart(4, "0")}`,
          node: "web-2",
          ips: [`10.1.${index >> 8}.${index & 255}`],
        }),
      );
    }
    api.put(podJson({ name: "near", ips: [IP] }));
    open();
    await watched();
    assert.equal(podAt("10.1.0.0"), "far-0000");
    assert.equal(podAt("10.1.4.178"), "far-1202");
    assert.equal(podAt(IP), "near");
    const lists = asked("list", "cluster");
    assert.equal(lists.length, 3);
    assert.ok(lists.every(({ query }) => query.get("limit") === "500"));
    assert.deepEqual(
      lists.map(({ query }) => query.has("continue")),
      [false, true, true],
    );
    const [watch] = asked("watch", "cluster");
    assert.equal(watch?.query.get("resourceVersion"), "2204");
    assert.equal(watch?.query.get("allowWatchBookmarks"), "true");
    assert.ok(Number(watch?.query.get("timeoutSeconds")) > 0);
  });

  it("asks for this node first, and out of the server's memory", async () => {
    open();
    await watched();
    assert.deepEqual(
      api.asked.map(({ verb, query }) => [verb, query.get("fieldSelector"), query.get("resourceVersion")])[0],
      ["list", "spec.nodeName=web-1", "0"],
    );
    assert.equal(
      asked("list", "cluster")[0]?.query.get("fieldSelector"),
      "spec.nodeName!=web-1,status.phase!=Succeeded,status.phase!=Failed",
    );
  });

  it("follows a pod from its creation to its end", async () => {
    open();
    await watched();
    api.put(podJson({ name: "web", node: null, phase: "Pending" }));
    await until("the pending pod", () => directory.byUid(uidOf("web"))?.node === null);
    api.put(podJson({ name: "web", ips: [IP], labels: { app: "v1" } }));
    await until("its address", () => podAt(IP) === "web");
    assert.equal(directory.byContainer(containerIdOf("web"))?.node, "web-1");
    api.put(podJson({ name: "web", ips: [IP], labels: { app: "v2" } }));
    await until("its new label", () => directory.byIp(IP)?.labels.app === "v2");
    api.put(podJson({ name: "web", ips: [IP], terminating: true, labels: { app: "v2" } }));
    api.delete(uidOf("web"));
    await until("its end", () => podAt(IP) === null);
    assert.equal(directory.byContainer(containerIdOf("web"))?.pod, "web");
    await until("word of it", () => told.some(({ pods, ips }) => pods.length === 0 && ips.includes(IP)));
  });

  it("gives up the address of a pod that ended though nobody deleted it", async () => {
    api.put(podJson({ name: "near", ips: [IP] }));
    api.put(podJson({ name: "far", node: "web-2", ips: [FAR] }));
    open();
    await watched();
    assert.deepEqual([podAt(IP), podAt(FAR)], ["near", "far"]);
    api.put(podJson({ name: "near", ips: [IP], phase: "Succeeded" }));
    api.put(podJson({ name: "far", node: "web-2", ips: [FAR], phase: "Failed" }));
    await untilEqual(() => [podAt(IP), podAt(FAR)], [null, null]);
  });

  it("gives an address to the pod that has it next", async () => {
    api.put(podJson({ name: "old", node: "web-2", ips: [FAR], startTime: "2026-03-04T05:00:00Z" }));
    open();
    await watched();
    api.put(podJson({ name: "new", node: "web-2", ips: [FAR], startTime: "2026-03-04T06:00:00Z" }));
    await until("the new one", () => podAt(FAR) === "new");
    api.delete(uidOf("old"));
    api.put(podJson({ name: "mark", ips: [IP] }));
    await until("the mark", () => podAt(IP) === "mark");
    assert.equal(podAt(FAR), "new");
  });

  it("knows the containers of a pod that ran for a moment", async () => {
    open();
    await watched();
    api.put(podJson({ name: "job", phase: "Pending" }));
    api.put(podJson({ name: "job", phase: "Succeeded", ips: [IP] }));
    await until("its container", () => directory.byContainer(containerIdOf("job")) !== null);
    assert.equal(podAt(IP), null);
  });

  it("goes on from the last bookmark when a watch ends", async () => {
    open({ scope: "node" });
    await watched(1);
    api.bookmark();
    api.endWatches("in order");
    await until("another watch", () => asked("watch", "node").length >= 2);
    assert.equal(asked("list", "node").length, 1);
    assert.equal(asked("watch", "node").at(-1)?.query.get("resourceVersion"), "1001");
  });

  it("goes on without a list when the connection was cut", async () => {
    open({ scope: "node" });
    await watched(1);
    api.put(podJson({ name: "a", ips: [IP] }));
    await until("the pod", () => podAt(IP) === "a");
    api.endWatches("cut");
    await until("the cut", () => api.watching === 0);
    api.put(podJson({ name: "b", ips: ["10.244.1.8"] }));
    await until("what happened meanwhile", () => podAt("10.244.1.8") === "b");
    assert.equal(asked("list", "node").length, 1);
  });

  it("watches anew when a watch falls silent", async () => {
    open({ scope: "node" }, { watchIdleMs: 60 });
    await until("several watches", () => asked("watch", "node").length >= 3);
    assert.equal(directory.status().state, "ok");
  });

  it("lists again when the watch says that it is too late", async () => {
    api.put(podJson({ name: "a", ips: [IP] }));
    open({ scope: "node" });
    await watched(1);
    api.expireWatches();
    await until("another list", () => asked("list", "node").length >= 2);
    assert.equal(asked("list", "node").at(-1)?.query.get("resourceVersion"), "1001");
    assert.equal(podAt(IP), "a");
  });

  it("lists from etcd when the server's memory is not so far as what was seen", async () => {
    api.put(podJson({ name: "a", ips: [IP] }));
    api.intercept = ({ query }, response) => {
      const isTooLarge = query.has("resourceVersion") && !query.has("watch");
      if (isTooLarge)
        refuse(response, 504, status(504, "Timeout", "Too large resource version: 9, current: 7"));
      return isTooLarge;
    };
    open({ scope: "node" });
    await until("the pod", () => podAt(IP) === "a");
    assert.deepEqual(
      asked("list", "node").map(({ query }) => [query.get("resourceVersion"), query.get("limit")]),
      [
        ["0", null],
        [null, "500"],
      ],
    );
  });

  it("lists again when the server has forgotten what happened meanwhile", async () => {
    api.put(podJson({ name: "a", ips: [IP] }));
    open({ scope: "node" });
    await watched(1);
    api.intercept = (_, response) => response.destroy() !== undefined;
    api.endWatches("cut");
    api.delete(uidOf("a"));
    api.compact();
    api.intercept = () => false;
    await until("the end of the pod", () => podAt(IP) === null);
    await watched(1);
    assert.ok(asked("list", "node").length >= 2);
  });

  it("lists in one piece when pages expire faster than they are read", async () => {
    api.maxPage = 2;
    for (const name of ["a", "b", "c"])
      api.put(podJson({ name, node: "web-2", ips: [`10.1.1.${name.charCodeAt(0)}`] }));
    api.intercept = ({ query }) => {
      if (query.has("continue")) api.compact();
      if (!query.has("limit")) api.maxPage = 500;
      return false;
    };
    open();
    await until("all pods", () => podAt("10.1.1.99") === "c");
  });

  it("takes the new token when the old one is not accepted any more", async () => {
    open({ scope: "node" });
    await watched(1);
    api.tokens.clear();
    api.tokens.add("second");
    api.endWatches("cut");
    await until("the refusal", () => /refuses the token: Unauthorized$/.test(directory.status().line));
    assert.equal(directory.status().state, "failing");
    files.writeToken("second");
    await watched(1);
    assert.equal(api.asked.at(-1)?.token, "second");
    await until("the good news", () => directory.status().state === "ok");
  });

  it("keeps this node's pods when those of the cluster are forbidden, and says what is missing", async () => {
    api.put(podJson({ name: "near", ips: [IP] }));
    api.put(podJson({ name: "far", node: "web-2", ips: [FAR] }));
    api.may = ({ query }) => query.get("fieldSelector") === "spec.nodeName=web-1";
    open({}, { forbiddenMs: 300 });
    await until("the refusal", () => directory.status().state === "degraded");
    assert.deepEqual([podAt(IP), podAt(FAR)], ["near", null]);
    assert.equal(
      directory.status().line,
      `API server ${api.url.slice(8)}: watching 1 pod of node web-1; API server ${api.url.slice(8)} refuses: ` +
        'pods is forbidden: User "system:serviceaccount:monitoring:npmon" cannot list resource "pods" in API group "" at the cluster scope',
    );
    assert.equal(
      directory.status().remedy,
      "Bind a ClusterRole with the verbs list and watch on the resource pods to system:serviceaccount:monitoring:npmon; see Kubernetes in the README.",
    );
    api.may = () => true;
    await until("what is allowed now", () => podAt(FAR) === "far");
    assert.equal(directory.status().state, "ok");
  });

  it("forgets the pods of other nodes when it may not see them any more", async () => {
    api.put(podJson({ name: "far", node: "web-2", ips: [FAR] }));
    open();
    await watched();
    api.may = ({ query }) => query.get("fieldSelector") === "spec.nodeName=web-1";
    api.expireWatches();
    await until("the end of trust", () => podAt(FAR) === null);
  });

  it("lists every now and then where it may not watch", async () => {
    api.may = ({ verb }) => verb === "list";
    open({ scope: "node" });
    await until("the first list", () => directory.status().line.includes("polling 0 pods of node web-1"));
    assert.equal(directory.status().state, "degraded");
    assert.match(directory.status().remedy, /^Add the verb watch/);
    api.put(podJson({ name: "a", ips: [IP] }));
    await until("the pod", () => podAt(IP) === "a");
    api.may = () => true;
    await watched(1);
  });

  it("gives up addresses when nothing was heard for long, and finds them again", async () => {
    api.put(podJson({ name: "near", ips: [IP] }));
    api.put(podJson({ name: "far", node: "web-2", ips: [FAR] }));
    open();
    await watched();
    api.intercept = (_, response) => response.destroy() !== undefined;
    api.endWatches("cut");
    await until("the loss", () => directory.status().state === "failing");
    assert.deepEqual([podAt(IP), podAt(FAR)], ["near", "far"]);
    aheadMs += FAST.staleMs + 1;
    await untilEqual(() => [podAt(IP), podAt(FAR)], [null, null]);
    assert.equal(directory.byUid(uidOf("near"))?.pod, "near");
    assert.equal(directory.status().state, "failing");
    api.intercept = () => false;
    await untilEqual(() => [podAt(IP), podAt(FAR)], ["near", "far"]);
  });

  it("follows every pod as one of its own where the node is not known", async () => {
    api.put(podJson({ name: "far", node: "web-2", ips: [FAR] }));
    open({ nodeName: null, problem: "NODE_NAME is not set" });
    await watched(1);
    assert.equal(directory.byContainer(containerIdOf("far"))?.pod, "far");
    assert.equal(directory.status().state, "degraded");
    assert.match(directory.status().line, /watching 1 pod of the cluster; NODE_NAME is not set$/);
  });

  it("asks for nothing but this node when told so", async () => {
    api.put(podJson({ name: "far", node: "web-2", ips: [FAR] }));
    open({ scope: "node" });
    await watched(1);
    assert.equal(podAt(FAR), null);
    assert.equal(asked("list", "cluster").length, 0);
  });

  it("says how many pods it knows", async () => {
    api.put(podJson({ name: "near", ips: [IP] }));
    api.put(podJson({ name: "far", node: "web-2", ips: [FAR] }));
    open();
    assert.equal(directory.status().state, "starting");
    await watched();
    assert.deepEqual(directory.status(), {
      state: "ok",
      line: `API server ${api.url.slice(8)}: watching 1 pod of node web-1, 1 of other nodes`,
      remedy: "",
    });
  });

  it("knows nothing outside Kubernetes", () => {
    directory = openPodDirectory({ settings: null });
    assert.equal(directory.byIp(IP), null);
    assert.deepEqual(directory.status(), { state: "absent", line: "not in Kubernetes", remedy: "" });
  });

  it("asks nobody and tells nothing once it is closed", async () => {
    open();
    await watched();
    directory.close();
    await until("the end of the watches", () => api.watching === 0);
    const before = [api.asked.length, told.length];
    api.put(podJson({ name: "late", ips: [IP] }));
    // another directory, which tries again and again, tells that it would have had the time to
    api.tokens.clear();
    const ofOther = () =>
      api.asked.filter(({ query }) => query.get("fieldSelector") === "spec.nodeName=other");
    open({ nodeName: "other", scope: "node" });
    await until("ten questions of the other one", () => ofOther().length >= 10);
    assert.deepEqual([api.asked.length - ofOther().length, told.length], before);
  });
});
