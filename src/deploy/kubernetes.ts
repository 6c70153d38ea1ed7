import type { IDaemonSet } from "kubernetes-models/apps/v1";
import type { IContainer, IVolume } from "kubernetes-models/v1";
import { stringify } from "yaml";
import { CAPABILITIES, type Deployment, HEALTH, SOCKETS, SPOOL, variablesOf } from "./deployment.ts";

const NAME = "npmon";
const LABELS = { "app.kubernetes.io/name": NAME };
const METADATA = { name: NAME, namespace: NAME, labels: LABELS };

/** Everything that `kubectl apply` needs: a namespace, an account that may look at pods, one npmon on each node. */
export function formatManifests(deployment: Deployment): string {
  return createManifests(deployment)
    .map((manifest) => stringify(manifest, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join("---\n");
}

/** As {@link formatManifests}, as values. */
export function createManifests(deployment: Deployment): readonly object[] {
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: namespaceMetadata() },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: METADATA },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: NAME, labels: LABELS },
      // Names of pods, and to hear at once when they change; nothing else is read.
      rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"] }],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: NAME, labels: LABELS },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: NAME },
      subjects: [{ kind: "ServiceAccount", name: NAME, namespace: NAME }],
    },
    createDaemonSet(deployment),
  ];
}

/** Without the label a cluster with pod security admission takes no pod that looks at the host. */
function namespaceMetadata(): object {
  return { name: NAME, labels: { ...LABELS, "pod-security.kubernetes.io/enforce": "privileged" } };
}

function createDaemonSet(deployment: Deployment): IDaemonSet {
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: METADATA,
    spec: {
      selector: { matchLabels: LABELS },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "10%" } },
      template: {
        metadata: { labels: LABELS },
        spec: {
          serviceAccountName: NAME,
          hostPID: true,
          hostNetwork: true,
          dnsPolicy: "ClusterFirstWithHostNet",
          priorityClassName: "system-node-critical",
          nodeSelector: { "kubernetes.io/os": "linux" },
          tolerations: [{ operator: "Exists" }],
          terminationGracePeriodSeconds: 30,
          containers: [createContainer(deployment)],
          volumes: createVolumes(),
        },
      },
    },
  };
}

function createContainer(deployment: Deployment): IContainer {
  return {
    name: NAME,
    image: deployment.image,
    imagePullPolicy: "IfNotPresent",
    args: ["forward"],
    env: [
      ...variablesOf(deployment).map(([name, value]) => ({ name, value })),
      { name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
      { name: "HOST_IP", valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } },
      {
        name: "NPMON_FORWARD_TOKEN",
        valueFrom: { secretKeyRef: { name: NAME, key: "token", optional: true } },
      },
    ],
    securityContext: {
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsUser: 0,
      capabilities: { drop: ["ALL"], add: [...CAPABILITIES] },
      // From Kubernetes 1.30; before it is an annotation, without which AppArmor may refuse /proc of other containers.
      appArmorProfile: { type: "Unconfined" },
    },
    resources: {
      requests: { cpu: "100m", memory: "192Mi" },
      limits: { memory: "512Mi" },
    },
    startupProbe: createProbe({ periodSeconds: 2, failureThreshold: 30 }),
    livenessProbe: createProbe({ periodSeconds: 15, timeoutSeconds: 5, failureThreshold: 3 }),
    volumeMounts: createMounts(),
  };
}

function createProbe(
  timing: NonNullable<IContainer["livenessProbe"]>,
): NonNullable<IContainer["livenessProbe"]> {
  return { httpGet: { host: HEALTH.host, port: HEALTH.port, path: "/health" }, ...timing };
}

function createMounts(): NonNullable<IContainer["volumeMounts"]> {
  return [
    { name: "proc", mountPath: "/host/proc", readOnly: true },
    { name: "passwd", mountPath: "/etc/passwd", readOnly: true },
    { name: "run", mountPath: "/run", readOnly: true },
    { name: "spool", mountPath: SPOOL },
  ];
}

/** `/run` as a whole, because a socket that is mounted by itself keeps leading to an engine that was restarted since. */
function createVolumes(): IVolume[] {
  const host = (name: string, path: string, type: "Directory" | "DirectoryOrCreate" | "File") => ({
    name,
    hostPath: { path, type },
  });
  return [
    host("proc", "/proc", "Directory"),
    host("passwd", "/etc/passwd", "File"),
    host("run", dirnameOf(SOCKETS[0]), "Directory"),
    host("spool", SPOOL, "DirectoryOrCreate"),
  ];
}

function dirnameOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
