import { isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import type { Interner } from "./interner.ts";
import { asObject, asObjects, asText, type JsonObject } from "./json-value.ts";
import { chooseLabels, KNOWN_LABELS } from "./labels.ts";
import { CONTAINER_ID, IMAGE, MAX_CONTAINER_ID, MAX_IMAGE, MAX_NAME, MAX_UID, NAME, UID } from "./names.ts";
import type { ContainerFacts, PodFacts, PodView } from "./pod.ts";
import { findWorkload } from "./workload.ts";

/** What one message said of a pod. */
export interface PodReading {
  readonly facts: PodFacts;
  readonly view: PodView;
  /** The UID that a static pod has on its node, by which its control groups are named; the API knows it by another. */
  readonly staticUid: string | null;
  /** All its containers have ended, for good. */
  readonly finished: boolean;
  /** It was told to end. */
  readonly terminating: boolean;
  /** When the kubelet took it up, else when it was created; milliseconds since 1970, 0 when neither is said. */
  readonly startedMs: number;
}

export interface PodReaderSettings {
  /** Keys of labels to keep of every pod, besides the well-known ones. */
  readonly keepLabels: readonly string[];
  readonly interner: Interner;
}

/** Containers looked at of each sort, and addresses of one pod; Kubernetes gives two, one of each family. */
const MAX_CONTAINERS = 128;
const MAX_IPS = 8;
const MAX_TIME_LENGTH = 40;

const NO_CONTAINERS: Readonly<Record<string, ContainerFacts>> = Object.freeze(Object.create(null));
const SORTS = [
  ["containers", "containerStatuses"],
  ["initContainers", "initContainerStatuses"],
  ["ephemeralContainers", "ephemeralContainerStatuses"],
] as const;

/** Judges Pod objects of the API server and the kubelet (core/v1), whose JSON it takes. */
export class PodReader {
  readonly #wantedLabels: readonly string[];
  readonly #interner: Interner;

  constructor({ keepLabels, interner }: PodReaderSettings) {
    this.#wantedLabels = [...new Set([...keepLabels, ...KNOWN_LABELS])];
    this.#interner = interner;
  }

  /** @returns `null` for what is no pod: without a UID, a name or a namespace, or with ones that no API server gives */
  read(json: unknown, view: PodView): PodReading | null {
    const pod = asObject(json);
    const metadata = asObject(pod?.metadata);
    if (pod === null || metadata === null) return null;
    const uid = asText(metadata.uid, UID, MAX_UID);
    const name = asText(metadata.name, NAME, MAX_NAME);
    const namespace = asText(metadata.namespace, NAME, MAX_NAME);
    if (uid === null || name === null || namespace === null) return null;
    const spec = asObject(pod.spec) ?? {};
    const status = asObject(pod.status) ?? {};
    const isLocal = view === "node";
    const workload = findWorkload(metadata);
    const share = (text: string | null) => (text === null ? null : this.#interner.text(text));
    return {
      facts: Object.freeze({
        uid,
        pod: name,
        namespace: this.#interner.text(namespace),
        node: share(asText(spec.nodeName, NAME, MAX_NAME)),
        workload: share(workload?.name ?? null),
        workloadKind: share(workload?.kind ?? null),
        labels: chooseLabels(metadata.labels, this.#wantedLabels, isLocal, this.#interner),
        ips: readIps(status),
        hostNetwork: spec.hostNetwork === true,
        containers: isLocal ? readContainers(spec, status, this.#interner) : NO_CONTAINERS,
      }),
      view,
      staticUid: asText(asObject(metadata.annotations)?.["kubernetes.io/config.mirror"], UID, MAX_UID),
      finished: status.phase === "Succeeded" || status.phase === "Failed",
      terminating: typeof metadata.deletionTimestamp === "string",
      startedMs: readTime(status.startTime) ?? readTime(metadata.creationTimestamp) ?? 0,
    };
  }
}

function readTime(value: unknown): number | null {
  if (typeof value !== "string" || value.length > MAX_TIME_LENGTH) return null;
  const timeMs = Date.parse(value);
  return Number.isNaN(timeMs) ? null : timeMs;
}

/** `podIPs` came with Kubernetes 1.16; `podIP` is the first of them. */
function readIps({ podIPs, podIP }: JsonObject): readonly string[] {
  const ips = asObjects(podIPs, MAX_IPS).map(({ ip }) => normalizeIp(ip));
  const known = (ips.length > 0 ? ips : [normalizeIp(podIP)]).filter((ip) => ip !== null);
  return Object.freeze([...new Set(known)]);
}

/** The address as `Endpoint.ip` has it. `null` also for addresses that many have: a pod that claims them has no name for them. */
function normalizeIp(value: unknown): string | null {
  if (typeof value !== "string" || value.length > 64) return null;
  if (isIPv4(value)) return value.startsWith("127.") || value === "0.0.0.0" ? null : value;
  if (!isIPv6(value) || value.includes("%")) return null;
  const address = ipaddr.process(value);
  if (["loopback", "unspecified", "multicast"].includes(address.range())) return null;
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();
}

function readContainers(
  spec: JsonObject,
  status: JsonObject,
  interner: Interner,
): Readonly<Record<string, ContainerFacts>> {
  const containers: Record<string, ContainerFacts> = Object.create(null);
  for (const [specs, statuses] of SORTS) {
    const images = new Map(
      asObjects(spec[specs], MAX_CONTAINERS).map(({ name, image }) => [name, readImage(image)]),
    );
    for (const container of asObjects(status[statuses], MAX_CONTAINERS)) {
      const name = asText(container.name, NAME, MAX_NAME);
      if (name === null) continue;
      const image = images.get(name) ?? readImage(container.image);
      const facts = Object.freeze({
        name: interner.text(name),
        image: image === null ? null : interner.text(image),
      });
      for (const id of containerIds(container)) containers[id] = facts;
    }
  }
  return Object.freeze(containers);
}

function readImage(value: unknown): string | null {
  return asText(value, IMAGE, MAX_IMAGE);
}

/** The container that runs, and the one that ran before the last restart: it may have flows that are told of only now. */
function containerIds({ containerID, lastState }: JsonObject): string[] {
  const last = asObject(asObject(lastState)?.terminated)?.containerID;
  return [containerID, last]
    .map((id) => asText(id, CONTAINER_ID, MAX_CONTAINER_ID)?.slice(-64) ?? null)
    .filter((id) => id !== null);
}
