import { performance } from "node:perf_hooks";
import { ChangeBatch, type PodChange } from "./change-batch.ts";
import type { KubernetesSettings } from "./endpoint.ts";
import { PodFollower, type SourceDeps } from "./follower.ts";
import { Interner } from "./interner.ts";
import { KubeletPoller } from "./kubelet-poller.ts";
import type { PodFacts } from "./pod.ts";
import { PodReader } from "./pod-reader.ts";
import { PodStore } from "./pod-store.ts";
import { selectorOf } from "./selectors.ts";
import { describeStatus, type KubernetesStatus } from "./status.ts";
import { DEFAULT_TIMINGS, type PodTimings } from "./timings.ts";

/** What is known of pods now. Look-ups never wait, never throw, and cost one look into a map. */
export interface PodDirectory {
  /**
   * The pod of a container, also for some minutes after it ended. `null`: not known, or not yet. A pod's sandbox is
   * no container: look it up by the UID in its control group (`findPodUid`).
   */
  byContainer(containerId: string): PodFacts | null;
  /** The pod of a UID, also that of a control group of a static pod; for some minutes after it ended as well. */
  byUid(podUid: string): PodFacts | null;
  /**
   * The pod that has the address now, written as in `Endpoint.ip`. Pods in their node's network are never the answer,
   * nor are pods that ended.
   */
  byIp(ip: string): PodFacts | null;
  status(): KubernetesStatus;
  /** Ends all connections. What is known can still be looked up. */
  close(): void;
}

export interface PodDirectoryOptions {
  /** From `findKubernetes`. `null`: a directory that knows nothing. */
  readonly settings: KubernetesSettings | null;
  /** What is answered differently from now on; at most every quarter of a second, never from within a look-up. */
  readonly onChange?: (change: PodChange) => void;
  /** Keys of labels that are kept of every pod, besides the well-known ones; of this node's pods nearly all are. */
  readonly keepLabels?: readonly string[];
  /** Pods of other nodes remembered. Default 150,000: as many as Kubernetes supports in a cluster. */
  readonly maxPods?: number;
  readonly timings?: Partial<PodTimings>;
  /** Monotonic clock, milliseconds. */
  readonly nowMs?: () => number;
  /** 0 or more, below 1. */
  readonly random?: () => number;
}

const DEFAULT_MAX_PODS = 150_000;
/** The kubelet is asked when the API server failed this often in a row, or for a reason that will not pass. */
const FAILURES_BEFORE_KUBELET = 2;
const LASTING_FAULTS = ["forbidden", "unauthorized", "untrusted", "credentials"];

/** Starts to learn of pods, in the background. Must be closed; does not keep the process alive. */
export function openPodDirectory(options: PodDirectoryOptions): PodDirectory {
  const { settings, onChange = () => {}, keepLabels = [], maxPods = DEFAULT_MAX_PODS } = options;
  const { nowMs = () => performance.now(), random = Math.random } = options;
  const timings = { ...DEFAULT_TIMINGS, ...options.timings };
  const changes = new ChangeBatch(onChange, timings.changeMs);
  const store = new PodStore({ maxPods, retiredMs: timings.retiredMs, nowMs, changes });
  const controller = new AbortController();
  const reader = new PodReader({ keepLabels, interner: new Interner() });
  const sources = createSources(settings, {
    reader,
    store,
    timings,
    signal: controller.signal,
    nowMs,
    random,
    onHealth: () => sources.steer(),
  });
  sources.start();
  return {
    byContainer: (containerId) => store.byContainer(containerId),
    byUid: (podUid) => store.byUid(podUid),
    byIp: (ip) => store.byIp(ip),
    status: () => describeStatus({ settings, ...sources.healths(), counts: store.counts() }),
    close: () => {
      controller.abort();
      changes.close();
    },
  };
}

/** Which of the sources are asked, and when. */
function createSources(settings: KubernetesSettings | null, deps: SourceDeps) {
  const { api = null, kubelet = null, nodeName = null, scope = "node" } = settings ?? {};
  const follow = (view: "node" | "cluster", fromCache: boolean) =>
    api === null
      ? null
      : new PodFollower({ endpoint: api, view, fieldSelector: selectorOf(view, nodeName), fromCache }, deps);
  const node = follow("node", nodeName !== null);
  const cluster = scope === "cluster" && nodeName !== null ? follow("cluster", false) : null;
  const poller = kubelet === null ? null : new KubeletPoller(kubelet, deps);
  let clusterRuns = false;
  return {
    start: () => {
      if (node === null) poller?.start();
      else void node.run();
    },
    steer: () => {
      if (node === null) return;
      const { isServing, state, fault, failures } = node.health;
      // this node's pods first: there are few of them, and they matter most
      if (state !== "idle" && !clusterRuns && cluster !== null) {
        clusterRuns = true;
        void cluster.run();
      }
      const isLasting = fault !== null && LASTING_FAULTS.includes(fault.kind);
      if (isServing) poller?.stop();
      else if (isLasting || failures >= FAILURES_BEFORE_KUBELET) poller?.start();
    },
    healths: () => ({
      node: node?.health ?? null,
      cluster: cluster?.health ?? null,
      kubelet: poller?.health ?? null,
    }),
  };
}
