import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DaemonSet } from "kubernetes-models/apps/v1";
import { ClusterRole, ClusterRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1";
import { Namespace, ServiceAccount } from "kubernetes-models/v1";
import { parseAllDocuments } from "yaml";
import { createManifests, formatManifests } from "../../src/deploy/kubernetes.ts";

/** Models with the schemas that Kubernetes publishes. */
const MODELS = { ClusterRole, ClusterRoleBinding, DaemonSet, Namespace, ServiceAccount };

interface Manifest {
  readonly apiVersion: string;
  readonly kind: keyof typeof MODELS;
}

const DEPLOYMENT = { image: "registry.example/npmon:1", intake: "https://i.example", interval: "1m" };
const manifests = parseAllDocuments(formatManifests(DEPLOYMENT)).map((each) => each.toJS() as Manifest);

function validate(manifest: Manifest): void {
  const Model = MODELS[manifest.kind];
  assert.equal(manifest.apiVersion, Model.apiVersion);
  new Model(manifest as never).validate();
}

describe("what is printed is valid against the schemas that Kubernetes publishes", () => {
  for (const manifest of manifests) test(manifest.kind, () => validate(manifest));

  test("as many as are meant, without aliases", () => {
    assert.deepEqual(
      manifests.map(({ kind }) => kind),
      ["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "DaemonSet"],
    );
    assert.deepEqual(manifests, JSON.parse(JSON.stringify(createManifests(DEPLOYMENT))));
    assert.doesNotMatch(formatManifests(DEPLOYMENT), /[&*]a\d/);
  });

  test("one that is not valid is found not to be", () => {
    const wrong = JSON.parse(JSON.stringify(manifests.at(-1)).replace('"hostPID":true', '"hostPID":"yes"'));
    assert.throws(() => validate(wrong));
  });
});

test("the container has the capabilities it needs and nothing else of the host's power", () => {
  const set = manifests.at(-1) as unknown as DaemonSet;
  const [container] = set.spec?.template.spec?.containers ?? [];
  assert.deepEqual(container?.securityContext?.capabilities, {
    drop: ["ALL"],
    add: ["BPF", "PERFMON", "NET_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH"],
  });
  assert.equal(container?.securityContext?.privileged, false);
  const volumes = (set.spec?.template.spec?.volumes ?? []).map(({ name }) => name).sort();
  assert.deepEqual((container?.volumeMounts ?? []).map(({ name }) => name).sort(), volumes);
});
