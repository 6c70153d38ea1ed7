/** What a test wants of a pod; everything else is as an API server of Kubernetes 1.30 fills it in. */
export interface PodWish {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly node?: string | null;
  readonly ips?: readonly string[];
  readonly phase?: "Pending" | "Running" | "Succeeded" | "Failed";
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly owner?: { readonly kind: string; readonly name: string } | null;
  readonly hostNetwork?: boolean;
  readonly containerIds?: readonly string[];
  readonly image?: string;
  readonly startTime?: string;
  readonly terminating?: boolean;
}

export interface PodJson {
  readonly metadata: {
    readonly uid: string;
    readonly name: string;
    readonly namespace: string;
    readonly resourceVersion?: string;
    readonly [key: string]: unknown;
  };
  readonly spec: { readonly nodeName?: string; readonly [key: string]: unknown };
  readonly status: { readonly phase: string; readonly [key: string]: unknown };
}

const CREATED = "2026-03-04T05:06:07Z";
const API_VERSIONS: Readonly<Record<string, string>> = {
  Job: "batch/v1",
  Node: "v1",
  ReplicationController: "v1",
};

/** A UUID that a name always gets. */
export function uidOf(name: string): string {
  const hex = Buffer.from(name.padEnd(16, ".")).toString("hex").slice(-32);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** 64 hexadecimal digits that a name always gets. */
export function containerIdOf(name: string): string {
  return Buffer.from(name.padEnd(32, ".")).toString("hex").slice(-64);
}

/** A Pod object (core/v1) with all that a real one has around what npmon reads. */
export function podJson(wish: PodWish): PodJson {
  const { name, namespace = "shop", node = "web-1", ips = [], phase = "Running" } = wish;
  const { labels = {}, annotations = {}, owner = null, hostNetwork = false } = wish;
  const { image = "registry.example:5000/shop/checkout:2.1", startTime = CREATED } = wish;
  const containerIds = wish.containerIds ?? [containerIdOf(name)];
  const containers = containerIds.map((_, index) => ({
    name: `main-${index}`,
    image,
    ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
    env: [{ name: "GREETING", value: 'a "quoted" {brace} [bracket] \\ back' }],
    resources: { limits: { cpu: "500m", memory: "256Mi" }, requests: { cpu: "50m", memory: "128Mi" } },
    volumeMounts: [
      {
        name: "kube-api-access-x7k2p",
        readOnly: true,
        mountPath: "/var/run/secrets/kubernetes.io/serviceaccount",
      },
    ],
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: "IfNotPresent",
  }));
  return {
    metadata: {
      name,
      generateName: `${name.replace(/-[^-]*$/, "")}-`,
      namespace,
      uid: wish.uid ?? uidOf(name),
      creationTimestamp: CREATED,
      ...(wish.terminating
        ? { deletionTimestamp: "2026-03-04T06:00:00Z", deletionGracePeriodSeconds: 30 }
        : {}),
      labels,
      annotations,
      ...(owner === null
        ? {}
        : {
            ownerReferences: [
              {
                apiVersion: API_VERSIONS[owner.kind] ?? "apps/v1",
                kind: owner.kind,
                name: owner.name,
                uid: uidOf(owner.name),
                controller: true,
                blockOwnerDeletion: true,
              },
            ],
          }),
      managedFields: [
        {
          manager: "kubelet",
          operation: "Update",
          apiVersion: "v1",
          time: CREATED,
          fieldsType: "FieldsV1",
          fieldsV1: {
            "f:status": { "f:podIPs": { ".": {}, 'k:{"ip":"10.244.1.7"}': { ".": {}, "f:ip": {} } } },
          },
          subresource: "status",
        },
      ],
    },
    spec: {
      volumes: [
        {
          name: "kube-api-access-x7k2p",
          projected: {
            sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: "token" } }],
            defaultMode: 420,
          },
        },
      ],
      containers,
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      serviceAccountName: "default",
      ...(node === null ? {} : { nodeName: node }),
      ...(hostNetwork ? { hostNetwork: true } : {}),
      securityContext: {},
      schedulerName: "default-scheduler",
      tolerations: [
        {
          key: "node.kubernetes.io/not-ready",
          operator: "Exists",
          effect: "NoExecute",
          tolerationSeconds: 300,
        },
      ],
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: "PreemptLowerPriority",
    },
    status: {
      phase,
      conditions: [
        { type: "Ready", status: "True", lastProbeTime: null, lastTransitionTime: CREATED },
        { type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime: CREATED },
      ],
      ...(phase === "Pending"
        ? {}
        : {
            hostIP: "192.0.2.10",
            hostIPs: [{ ip: "192.0.2.10" }],
            ...(ips[0] === undefined ? {} : { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
            startTime,
            containerStatuses: containerIds.map((id, index) => ({
              name: `main-${index}`,
              state: { running: { startedAt: CREATED } },
              lastState: {},
              ready: true,
              restartCount: 0,
              image,
              imageID: `registry.example:5000/shop/checkout@sha256:${"9".repeat(64)}`,
              containerID: `containerd://${id}`,
              started: true,
            })),
          }),
      qosClass: "Burstable",
    },
  };
}
