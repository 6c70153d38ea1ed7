import assert from "node:assert/strict";
import { after, afterEach, beforeEach, describe, it } from "node:test";
import type { PodChange } from "../../../src/tag/kubernetes/change-batch.ts";
import { openPodDirectory, type PodDirectory } from "../../../src/tag/kubernetes/directory.ts";
import type { ApiEndpoint, KubernetesSettings } from "../../../src/tag/kubernetes/endpoint.ts";
import { makeClusterFiles } from "./certificate.ts";
import { FakeApi, reply } from "./fake-api.ts";
import { FAST } from "./fast.ts";
import { containerIdOf, podJson, uidOf } from "./pod-json.ts";
import { until } from "./until.ts";

const files = makeClusterFiles();
const strangers = makeClusterFiles();
after(() => {
  files.remove();
  strangers.remove();
});

const IP = "10.244.1.7";

describe("a directory of pods at a kubelet", () => {
  let api: FakeApi;
  let kubelet: FakeApi;
  let directory: PodDirectory;
  /** Time that has passed besides what has. */
  let aheadMs = 0;
  const told: PodChange[] = [];

  beforeEach(async () => {
    api = await FakeApi.open(files);
    kubelet = await FakeApi.open(files);
    kubelet.put(podJson({ name: "a", ips: [IP] }));
  });

  afterEach(async () => {
    directory.close();
    await Promise.all([api.close(), kubelet.close()]);
  });

  function endpoint(server: FakeApi, change: Partial<ApiEndpoint> = {}): ApiEndpoint {
    return { url: server.url, tokenFile: files.tokenFile, caFile: files.caFile, insecure: false, ...change };
  }

  function open(settings: Partial<KubernetesSettings> = {}): void {
    const all = {
      api: null,
      kubelet: endpoint(kubelet),
      nodeName: "web-1",
      scope: "cluster",
      problem: null,
    } as const;
    told.length = 0;
    directory = openPodDirectory({
      settings: { ...all, ...settings },
      onChange: (change) => told.push(change),
      timings: FAST,
      nowMs: () => performance.now() + aheadMs,
    });
  }

  const podAt = (ip: string) => directory.byIp(ip)?.pod ?? null;
  const line = () => directory.status().line;

  it("asks it over and over where there is no API server", async () => {
    open();
    await until("the pod", () => podAt(IP) === "a");
    assert.equal(directory.byContainer(containerIdOf("a"))?.workload, null);
    kubelet.put(podJson({ name: "b", ips: ["10.244.1.8"] }));
    kubelet.delete(uidOf("a"));
    await until("what changed", () => podAt("10.244.1.8") === "b" && podAt(IP) === null);
    assert.deepEqual(directory.status(), {
      state: "ok",
      line: `kubelet ${kubelet.url.slice(8)}: 1 pod of this node`,
      remedy: "",
    });
    assert.ok(kubelet.asked.every(({ path }) => path === "/pods"));
  });

  it("knows a static pod by the UID that the kubelet gives it", async () => {
    const uid = "81cdabfc720501d9e81b425b15921b4d";
    const annotations = { "kubernetes.io/config.hash": uid, "kubernetes.io/config.source": "file" };
    kubelet.put(podJson({ name: "etcd-web-1", uid, annotations, hostNetwork: true, ips: ["192.0.2.10"] }));
    open();
    await until("the pod", () => directory.byUid(uid)?.pod === "etcd-web-1");
    assert.equal(podAt("192.0.2.10"), null);
  });

  it("does not ask it while the API server answers", async () => {
    api.put(podJson({ name: "from-api", ips: [IP] }));
    open({ api: endpoint(api) });
    await until("the watches", () => api.watching === 2);
    assert.equal(podAt(IP), "from-api");
    assert.equal(kubelet.asked.length, 0);
  });

  it("asks it when the API server refuses, and says what is missing", async () => {
    api.may = () => false;
    open({ api: endpoint(api) });
    await until("the pod", () => podAt(IP) === "a");
    await until("the word of it", () => directory.status().state === "degraded");
    assert.match(
      line(),
      /^kubelet [\d.:]+: 1 pod of this node; API server [\d.:]+ refuses: pods is forbidden/,
    );
    assert.match(directory.status().remedy, /^Bind a ClusterRole with the verbs list and watch/);
    api.may = () => true;
    api.put(podJson({ name: "from-api", ips: ["10.244.1.9"] }));
    await until("the API server again", () => podAt("10.244.1.9") === "from-api" && podAt(IP) === null);
    await until("the good word", () => directory.status().state === "ok");
    const { length } = kubelet.asked;
    api.bookmark();
    api.put(podJson({ name: "mark", ips: ["10.244.1.10"] }));
    await until("the mark", () => podAt("10.244.1.10") === "mark");
    assert.equal(kubelet.asked.length, length);
  });

  it("asks it when the API server went away, and keeps what it knew of other nodes", async () => {
    api.put(podJson({ name: "far", node: "web-2", ips: ["10.244.9.9"] }));
    api.put(podJson({ name: "from-api", ips: ["10.244.1.9"] }));
    open({ api: endpoint(api) });
    await until("the watches", () => api.watching === 2);
    await api.close();
    await until("the kubelet's pod", () => podAt(IP) === "a" && podAt("10.244.1.9") === null);
    assert.equal(podAt("10.244.9.9"), "far");
    api = await FakeApi.open(files);
  });

  it("lists from the API server when it is back, for the kubelet knows static pods by other UIDs", async () => {
    const hash = "81cdabfc720501d9e81b425b15921b4d";
    api.put(podJson({ name: "etcd-web-1", annotations: { "kubernetes.io/config.mirror": hash } }));
    kubelet.put(podJson({ name: "etcd-web-1", uid: hash }));
    open({ api: endpoint(api) });
    await until("the watches", () => api.watching === 2);
    assert.equal(directory.byUid(hash)?.uid, uidOf("etcd-web-1"));
    api.intercept = (_, response) => response.destroy() !== undefined;
    api.endWatches("cut");
    await until("the kubelet's word", () => directory.byUid(hash)?.uid === hash && podAt(IP) === "a");
    api.intercept = () => false;
    await until("the API server's word", () => api.watching === 2 && podAt(IP) === null);
    assert.match(line(), /watching 1 pod of node web-1, 0 of other nodes$/);
    assert.equal(directory.byUid(uidOf("etcd-web-1"))?.pod, "etcd-web-1");
  });

  it("keeps believing the kubelet however long the API server is away", async () => {
    api.may = () => false;
    kubelet.intercept = () => {
      aheadMs += FAST.staleMs / 2;
      return false;
    };
    open({ api: endpoint(api) });
    await until("the pod", () => podAt(IP) === "a");
    const [apiAsked, kubeletAsked] = [api.asked.length, kubelet.asked.length];
    await until("many tries of both", () => {
      assert.equal(podAt(IP), "a");
      return api.asked.length > apiAsked + 10 && kubelet.asked.length > kubeletAsked + 10;
    });
    assert.equal(told.filter(({ ips }) => ips.includes(IP)).length, 1);
  });

  it("gives up addresses when the kubelet was not heard of for long either", async () => {
    open();
    await until("the pod", () => podAt(IP) === "a");
    kubelet.may = () => false;
    aheadMs += FAST.staleMs + 1;
    await until("the end of trust", () => podAt(IP) === null);
    assert.equal(directory.byUid(uidOf("a"))?.pod, "a");
    kubelet.may = () => true;
    await until("the pod again", () => podAt(IP) === "a");
  });

  it("says what is missing where the kubelet refuses", async () => {
    kubelet.may = () => false;
    open();
    await until("the word of it", () => directory.status().state === "failing");
    assert.match(
      line(),
      /refuses: Forbidden \(user=system:serviceaccount:monitoring:npmon, verb=get, resource=nodes, subresource=proxy\)$/,
    );
    assert.match(directory.status().remedy, /or one with get on nodes\/pods/);
    kubelet.may = () => true;
    await until("the pod", () => podAt(IP) === "a");
  });

  it("does not give its token to a kubelet whose certificate it does not know, unless told to", async () => {
    open({ kubelet: endpoint(kubelet, { caFile: strangers.caFile }) });
    await until("the word of it", () => line().includes("not trusted: "));
    assert.match(directory.status().remedy, /NPMON_KUBELET_CA/);
    assert.equal(kubelet.asked.length, 0);
    directory.close();
    open({ kubelet: endpoint(kubelet, { caFile: strangers.caFile, insecure: true }) });
    await until("the pod", () => podAt(IP) === "a");
    assert.match(line(), /the kubelet's certificate is not checked$/);
  });

  it("keeps what it knew when the kubelet answers nonsense", async () => {
    open();
    await until("the pod", () => podAt(IP) === "a");
    kubelet.intercept = (_, response) => {
      reply(response, { kind: "PodList", items: [{}, [], 3] });
      return true;
    };
    await until("the word of it", () => directory.status().state === "failing");
    assert.equal(podAt(IP), "a");
    assert.match(
      line(),
      /^1 pod known from before; 1 object passed over: .*; kubelet [\d.:]+ not understood/,
    );
  });
});
