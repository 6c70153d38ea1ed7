import type { PodFacts, ProcessFacts } from "./facts.ts";

/** Where in a cgroup path a container begins. */
export interface ContainerPlace {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** Index of the segment that names it, counted from the root. */
  readonly depth: number;
  /** The segments above it are the container's own service, not those of an engine that runs many. */
  readonly ownsOuterUnit: boolean;
}

interface ContainerShape {
  readonly pattern: RegExp;
  readonly ownsOuterUnit: boolean;
}

/**
 * How engines name the cgroup of a container. Monitors (`crio-conmon-…`, `libpod-conmon-…`) sit beside the container
 * and fit none of these. Names that are not 64 digits (LXC, nspawn, Fargate) are not recognised.
 */
const SHAPES: readonly ContainerShape[] = [
  // docker, containerd, cri-o and Kubernetes with the cgroupfs driver: /docker/ID, /kubepods/burstable/podUID/ID
  { pattern: /^([0-9a-f]{64})$/, ownsOuterUnit: false },
  // the systemd driver: docker-ID.scope, cri-containerd-ID.scope, crio-ID.scope, libpod-ID.scope, nerdctl-ID.scope
  {
    pattern: /^(?:docker|cri-containerd|containerd|nerdctl|crio|libpod)-([0-9a-f]{64})\.scope$/,
    ownsOuterUnit: false,
  },
  // podman and cri-o with cgroupfs: /libpod_parent/libpod-ID
  { pattern: /^(?:libpod|crio)-([0-9a-f]{64})$/, ownsOuterUnit: false },
  // systemd-style names given to a cgroupfs driver: kubepods-besteffort-podUID.slice:cri-containerd:ID
  { pattern: /:([0-9a-f]{64})$/, ownsOuterUnit: false },
  // podman --cgroups=split, as its systemd generator does: /system.slice/web.service/libpod-payload-ID
  { pattern: /^libpod-payload-([0-9a-f]{64})$/, ownsOuterUnit: true },
];

/** The innermost container of a cgroup path: of a container inside a container, the one the process knows. */
export function findContainer(path: string): ContainerPlace | null {
  const segments = path.split("/");
  for (let depth = segments.length - 1; depth >= 0; depth--) {
    for (const { pattern, ownsOuterUnit } of SHAPES) {
      const id = pattern.exec(segments[depth] ?? "")?.[1];
      if (id !== undefined) return { id, depth, ownsOuterUnit };
    }
  }
  return null;
}

export function tagContainerId({ cgroup }: ProcessFacts): string | null {
  return cgroup === null ? null : (findContainer(cgroup)?.id ?? null);
}

/** The name that the engine or Kubernetes gave it; until one of them has answered the short id, as engines print it. */
export function tagContainer(facts: ProcessFacts): string | null {
  return containerName(facts) ?? tagContainerId(facts)?.slice(0, 12) ?? null;
}

/** Null while nobody has said it. Inside a pod the pod's word counts: the engine's name is made up of several ids. */
export function containerName(facts: ProcessFacts): string | null {
  return podContainer(facts)?.name ?? (facts.container?.name || null);
}

export function tagImage(facts: ProcessFacts): string | null {
  return podContainer(facts)?.image ?? facts.container?.image ?? null;
}

/** Labels of the container, and those of its pod that the container does not have itself. */
export function tagLabels({ container, pod }: ProcessFacts): ReadonlyMap<string, string> | null {
  if (container === null && pod === null) return null;
  return new Map([...Object.entries(pod?.labels ?? {}), ...Object.entries(container?.labels ?? {})]);
}

function podContainer(facts: ProcessFacts): PodFacts["containers"][string] | null {
  const id = tagContainerId(facts);
  const { containers = {} } = facts.pod ?? {};
  return id !== null && Object.hasOwn(containers, id) ? (containers[id] ?? null) : null;
}
