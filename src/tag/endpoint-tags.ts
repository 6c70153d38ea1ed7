import type { Endpoint, ProcessTags } from "../flow/endpoint.ts";
import { type BuiltInTag, LABEL_PREFIX, type TagValue } from "../flow/tags.ts";
import type { PodFacts } from "./facts.ts";
import { rangeOf } from "./range.ts";

export interface EndpointTagsOptions {
  /** The network that an address is in, as CIDR; `null` where nobody knows. */
  readonly findSubnet?: (ip: string) => string | null;
  /** The pod that has an address, for ends whose process is not known here. */
  readonly findPodByIp?: (ip: string) => PodFacts | null;
  /** The name that an address has of itself, for where no DNS answer told under which one it was asked for. */
  readonly findName?: (ip: string) => string | null;
  /** Tags that the user gave to endpoints: the value of one, `undefined` where no rule gives it. They come first. */
  readonly findRule?: (endpoint: Endpoint, tag: string) => TagValue | undefined;
}

type Finder = (endpoint: Endpoint, pod: PodFacts | null) => TagValue;

/** A tag of the process at this end; of the pod by its address where there is no such process. */
function ofProcess(tag: keyof Omit<ProcessTags, "labels">, ofPod?: (pod: PodFacts) => TagValue): Finder {
  return ({ process }, pod) => {
    if (process !== null) return process[tag];
    return pod === null || ofPod === undefined ? null : ofPod(pod);
  };
}

function podLabel(...names: readonly string[]): (pod: PodFacts) => TagValue {
  return ({ labels }) => names.map((name) => labels[name]).find((value) => value !== undefined) ?? null;
}

const SERVICE_LABELS = ["tags.datadoghq.com/service", "app.kubernetes.io/name"] as const;

/** Every tag that npmon gives, except those that are looked up by address. */
const FINDERS: Readonly<Record<Exclude<BuiltInTag, "subnet" | "domain">, Finder>> = {
  host: ({ host }) => host,
  ip: ({ ip }) => ip,
  port: ({ port }) => port,
  netns: ({ netns }) => netns,
  range: ({ ip }) => (ip === null ? null : rangeOf(ip)),
  pid: ofProcess("pid"),
  process: ofProcess("process"),
  exe: ofProcess("exe"),
  user: ofProcess("user"),
  container: ofProcess("container"),
  container_id: ofProcess("container_id"),
  image: ofProcess("image"),
  cgroup: ofProcess("cgroup"),
  unit: ofProcess("unit"),
  pod: ofProcess("pod", ({ pod }) => pod),
  namespace: ofProcess("namespace", ({ namespace }) => namespace),
  workload: ofProcess("workload", ({ workload }) => workload),
  service: ofProcess("service", (pod) => podLabel(...SERVICE_LABELS)(pod) ?? pod.workload ?? pod.pod),
  service_source: ofProcess("service_source", (pod) => {
    const label = SERVICE_LABELS.find((name) => pod.labels[name] !== undefined);
    return label === undefined ? (pod.workload === null ? "pod" : "workload") : `pod label ${label}`;
  }),
  env: ofProcess("env", podLabel("tags.datadoghq.com/env")),
  version: ofProcess("version", podLabel("tags.datadoghq.com/version", "app.kubernetes.io/version")),
};

/** All tags of an endpoint: those of its process, those of its address and those that the user defined. */
export class EndpointTags {
  readonly #findSubnet: (ip: string) => string | null;
  readonly #findPodByIp: (ip: string) => PodFacts | null;
  readonly #findName: (ip: string) => string | null;
  readonly #findRule: (endpoint: Endpoint, tag: string) => TagValue | undefined;

  constructor(options: EndpointTagsOptions = {}) {
    this.#findSubnet = options.findSubnet ?? (() => null);
    this.#findPodByIp = options.findPodByIp ?? (() => null);
    this.#findName = options.findName ?? (() => null);
    this.#findRule = options.findRule ?? (() => undefined);
  }

  /** `null` for what is not known, and for tags that nobody gives. */
  valueOf(endpoint: Endpoint, tag: string): TagValue {
    return this.#findRule(endpoint, tag) ?? this.builtIn(endpoint, tag);
  }

  /** Without what the user's rules say: this is what those rules look at. */
  builtIn(endpoint: Endpoint, tag: string): TagValue {
    const { ip, process } = endpoint;
    const pod = process === null && ip !== null ? this.#findPodByIp(ip) : null;
    if (tag.startsWith(LABEL_PREFIX)) return labelOf(endpoint, pod, tag.slice(LABEL_PREFIX.length));
    // What a local end is called by others says nothing of who it is.
    if (tag === "domain")
      return endpoint.domain ?? (ip === null || endpoint.host !== null ? null : this.#findName(ip));
    if (tag === "subnet") return ip === null ? null : this.#findSubnet(ip);
    return Object.hasOwn(FINDERS, tag) ? FINDERS[tag as keyof typeof FINDERS](endpoint, pod) : null;
  }
}

function labelOf({ process }: Endpoint, pod: PodFacts | null, name: string): string | null {
  if (process !== null) return process.labels?.get(name) ?? null;
  return pod !== null && Object.hasOwn(pod.labels, name) ? (pod.labels[name] ?? null) : null;
}
