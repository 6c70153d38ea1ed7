/**
 * `tag/kubernetes`: which pod a container, a control group or an address belongs to. Takes what the API server or, failing
 * that, the kubelet says of pods; gives `PodFacts` at once or `null`, from memory. `directory` is the door: it follows
 * pods in the background and never blocks, throws or waits. `follower` lists and watches the API server, `kubelet-poller`
 * asks the kubelet, `pod-reader` judges what they say, `pod-store` remembers it.
 *
 * Everything that comes over the wire is taken for hostile: sizes and times are bounded, what has not the form that
 * Kubernetes gives names, labels and addresses is left out, and text that is kept is printable ASCII.
 */

/** One container of a pod. */
export interface ContainerFacts {
  readonly name: string;
  /** As the pod's author wrote it; the runtime's name for it where the author's is not known. */
  readonly image: string | null;
}

/** What is known of one pod: frozen, replaced as a whole when something in it changes. */
export interface PodFacts {
  /** As the API has it, with dashes. */
  readonly uid: string;
  readonly pod: string;
  readonly namespace: string;
  /** `null` until the pod is scheduled. */
  readonly node: string | null;
  /**
   * Top owner: the Deployment rather than its ReplicaSet, the CronJob rather than its Job; `null` for a pod that nothing
   * controls, static pods included. What is derived rather than read: see `workload.ts`.
   */
  readonly workload: string | null;
  readonly workloadKind: string | null;
  /** No prototype. Pods of other nodes have only the labels that tags are made of, see `labels.ts`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Written as in `Endpoint.ip`. Those of the node where `hostNetwork` is true. */
  readonly ips: readonly string[];
  readonly hostNetwork: boolean;
  /** By container id, 64 hexadecimal digits. No prototype. Empty for pods of other nodes. */
  readonly containers: Readonly<Record<string, ContainerFacts>>;
}

/**
 * Which watch a pod is known from. `node`: pods of the node npmon runs on, with all that is kept of them. `cluster`: the
 * others, known so that their addresses have names.
 */
export type PodView = "node" | "cluster";
