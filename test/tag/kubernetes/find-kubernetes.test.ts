import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findKubernetes } from "../../../src/tag/kubernetes/find-kubernetes.ts";

const FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";
const IN_CLUSTER = {
  KUBERNETES_SERVICE_HOST: "10.96.0.1",
  KUBERNETES_SERVICE_PORT: "443",
  NODE_NAME: "web-1",
};
const FILES = { tokenFile: `${FOLDER}/token`, caFile: `${FOLDER}/ca.crt` };
const all = () => true;
const none = () => false;

describe("findKubernetes", () => {
  it("finds nothing outside Kubernetes", () => {
    assert.equal(findKubernetes({}, all), null);
    assert.equal(findKubernetes({ NODE_NAME: "web-1", KUBERNETES_SERVICE_HOST: "" }, all), null);
    assert.equal(findKubernetes({ NPMON_KUBERNETES_API: "not a url" }, all), null);
    assert.equal(findKubernetes({ NPMON_KUBERNETES_API: "file:///etc/passwd" }, all), null);
  });

  it("does not take the address of a host for Kubernetes", () => {
    assert.equal(findKubernetes({ HOST_IP: "192.0.2.10", NODE_NAME: "web-1" }, none), null);
    assert.equal(findKubernetes({ HOST_IP: "192.0.2.10" }, all)?.kubelet?.url, "https://192.0.2.10:10250");
  });

  it("finds the API server from within a pod", () => {
    assert.deepEqual(findKubernetes(IN_CLUSTER, all), {
      api: { url: "https://10.96.0.1:443", ...FILES, insecure: false },
      kubelet: null,
      nodeName: "web-1",
      scope: "cluster",
      problem: null,
    });
  });

  it("finds the kubelet where the pod is told its host", () => {
    const found = findKubernetes({ ...IN_CLUSTER, HOST_IP: "192.0.2.10" }, all);
    assert.deepEqual(found?.kubelet, { url: "https://192.0.2.10:10250", ...FILES, insecure: false });
  });

  it("understands the variables of a DaemonSet made for the Datadog agent", () => {
    const env = {
      KUBERNETES_SERVICE_HOST: "10.96.0.1",
      DD_KUBERNETES_KUBELET_NODENAME: "web-2",
      DD_KUBERNETES_KUBELET_HOST: "192.0.2.11",
      DD_KUBELET_TLS_VERIFY: "false",
      DD_KUBELET_CLIENT_CA: "/etc/kubelet-ca.crt",
    };
    const found = findKubernetes(env, all);
    assert.equal(found?.nodeName, "web-2");
    assert.deepEqual(found?.kubelet, {
      url: "https://192.0.2.11:10250",
      tokenFile: FILES.tokenFile,
      caFile: "/etc/kubelet-ca.crt",
      insecure: true,
    });
    assert.equal(found?.api?.insecure, false);
  });

  it("writes IPv6 addresses into URLs as URLs have them", () => {
    const found = findKubernetes({ KUBERNETES_SERVICE_HOST: "fd00::1", HOST_IP: "fd00::2" }, all);
    assert.equal(found?.api?.url, "https://[fd00::1]:443");
    assert.equal(found?.kubelet?.url, "https://[fd00::2]:10250");
  });

  it("takes what it is told over what it finds", () => {
    const env = {
      ...IN_CLUSTER,
      NPMON_KUBERNETES_API: "https://api.example:6443/some/path",
      NPMON_KUBERNETES_TOKEN_FILE: "/t",
      NPMON_KUBERNETES_CA: "/c",
      NPMON_KUBERNETES_SCOPE: "node",
    };
    const found = findKubernetes(env, none);
    assert.deepEqual(found?.api, {
      url: "https://api.example:6443",
      tokenFile: "/t",
      caFile: "/c",
      insecure: false,
    });
    assert.equal(found?.scope, "node");
  });

  it("goes to a proxy on this host without a token", () => {
    const found = findKubernetes({ NPMON_KUBERNETES_API: "http://127.0.0.1:8001", NODE_NAME: "web-1" }, none);
    assert.equal(found?.api?.url, "http://127.0.0.1:8001");
    assert.equal(found?.problem, null);
  });

  it("says that the token is missing", () => {
    const found = findKubernetes({ ...IN_CLUSTER, HOST_IP: "192.0.2.10" }, none);
    assert.deepEqual([found?.api, found?.kubelet], [null, null]);
    assert.match(found?.problem ?? "", /there is no .*serviceaccount\/token/);
  });

  it("says that the node is not known, also when its name is none", () => {
    for (const NODE_NAME of [undefined, "", "web-1,status.phase=x", "web\u001b1", "x".repeat(254)]) {
      const found = findKubernetes({ ...IN_CLUSTER, NODE_NAME }, all);
      assert.equal(found?.nodeName, null);
      assert.match(found?.problem ?? "", /NODE_NAME is not set/);
    }
  });
});
