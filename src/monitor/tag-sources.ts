import { networkInterfaces } from "node:os";
import type { Config } from "../config/config.ts";
import type { DnsSighting } from "../flow/dns.ts";
import type { Endpoint, ProcessTags } from "../flow/endpoint.ts";
import type { TagValue } from "../flow/tags.ts";
import { compileEndpointFilter } from "../query/compile-filter.ts";
import { DomainTable } from "../tag/domain/domain-table.ts";
import { ReverseNames } from "../tag/domain/reverse.ts";
import { EndpointTags } from "../tag/endpoint-tags.ts";
import { openContainerDirectory } from "../tag/engine/directory.ts";
import type { EngineStatus } from "../tag/engine/status.ts";
import { openPodDirectory } from "../tag/kubernetes/directory.ts";
import { findPodUid } from "../tag/kubernetes/pod-uid.ts";
import { createPrefixTable } from "../tag/prefix-table.ts";
import { ProcessTable } from "../tag/process-table.ts";
import { createUserTags } from "../tag/user-tags.ts";
import { connectedNetworks } from "./connected-networks.ts";
import { kubernetesSettings } from "./kubernetes-settings.ts";

export interface TagSourcesOptions {
  readonly config: Pick<Config, "procRoot" | "containerSockets" | "kubernetes" | "subnets" | "tags">;
  /** The DNS answers that processes receive are seen. */
  readonly readsDns: boolean;
  /** Addresses are asked for by reverse look-up: DNS answers are not seen, and asking is allowed. */
  readonly asksNames: boolean;
}

/** What became known since the last time. */
export interface TagChanges {
  /** Tags of processes that others took the place of. */
  readonly processes: ReadonlyMap<ProcessTags, ProcessTags>;
  /** Addresses that are called something else now. */
  readonly addresses: ReadonlySet<string>;
}

/** Everything that tags are made of. It learns in the background and answers at once from what it knows. */
export interface TagSources {
  readonly processes: ProcessTable;
  readonly tags: EndpointTags;
  learn(sighting: DnsSighting, nowMs: number): void;
  findDomain(ip: string, netns: number): string | null;
  takeChanges(nowMs: number): TagChanges;
  /** How it stands with each of them, in words. */
  lines(): readonly string[];
  /** Forgets what nobody asked for lately. */
  sweep(nowMs: number): void;
  close(): void;
}

/** The caller closes it. */
export function openTagSources(options: TagSourcesOptions): TagSources {
  const { config, asksNames } = options;
  const { procRoot } = config;
  let addresses = new Set<string>();
  const containers = openContainerDirectory({
    onChange: () => processes.containersChanged(),
    ...(config.containerSockets !== null && { sockets: config.containerSockets }),
  });
  const pods = openPodDirectory({
    settings: kubernetesSettings(config.kubernetes),
    onChange: ({ ips }) => {
      for (const ip of ips) addresses.add(ip);
      processes.containersChanged();
    },
  });
  const processes = new ProcessTable({
    procRoot,
    findContainer: (id) => containers.get(id),
    findPod: (id, cgroup) => {
      const uid = cgroup === null ? null : findPodUid(cgroup);
      return (id === null ? null : pods.byContainer(id)) ?? (uid === null ? null : pods.byUid(uid));
    },
  });
  const domains = new DomainTable();
  const reverse = asksNames ? new ReverseNames({ onChange: (ip) => addresses.add(ip) }) : null;
  const subnets = createPrefixTable([...connectedNetworks(networkInterfaces()), ...config.subnets]);
  const builtIn = (endpoint: Endpoint, tag: string): TagValue => tags.builtIn(endpoint, tag);
  const tags: EndpointTags = new EndpointTags({
    findSubnet: (ip) => subnets.find(ip),
    findRule: createUserTags({
      rules: config.tags.rules.map(({ filter, set }) => ({
        fits: filter === null ? () => false : compileEndpointFilter(filter, builtIn),
        set,
      })),
      networks: config.tags.networks,
    }),
    findPodByIp: (ip) => pods.byIp(ip),
    findName: (ip) => reverse?.find(ip) ?? null,
  });
  return {
    processes,
    tags,
    learn: ({ bytes, netns }, nowMs) => domains.learn(bytes, netns, nowMs),
    findDomain: (ip, netns) => domains.find(ip, netns),
    takeChanges(nowMs) {
      const changes = { processes: processes.takeChanges(nowMs), addresses };
      if (addresses.size > 0) addresses = new Set();
      return changes;
    },
    lines: () => [
      ...containers.status().map(formatEngine),
      `Kubernetes: ${pods.status().line}`,
      `domain names: ${namesFrom(options)}`,
    ],
    sweep(nowMs) {
      processes.sweep(nowMs);
      domains.sweep(nowMs);
    },
    close() {
      containers.close();
      pods.close();
      reverse?.close();
    },
  };
}

function formatEngine({ socket, ...status }: EngineStatus): string {
  switch (status.state) {
    case "asked":
      return `container engine at ${socket}: has not answered yet`;
    case "absent":
      return `container engine at ${socket}: not there`;
    case "denied":
      return `container engine at ${socket}: this user may not use it`;
    case "reachable": {
      const { name, version } = status.engine;
      return `container engine at ${socket}: ${[name, version, status.trouble].filter(Boolean).join(" ")}`;
    }
    case "failing":
      return `container engine at ${socket}: ${status.reason}`;
  }
}

function namesFrom({ readsDns, asksNames }: TagSourcesOptions): string {
  if (readsDns) return "from the DNS answers that processes of this host receive";
  return asksNames ? "asked for, address by address" : "none";
}
