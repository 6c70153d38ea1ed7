import { type Finding, limited, ok } from "./finding.ts";
import type { Surroundings } from "./surroundings.ts";

/** @param root mount point of cgroup v2; null where there is none */
export function checkCgroup(root: string | null, surroundings: Surroundings): Finding {
  const name = "cgroup v2";
  if (root === null) {
    return limited(
      name,
      "not mounted: UDP sockets that are not connected have no peers in the tracepoint tier",
      "mount -t cgroup2 none /sys/fs/cgroup (beside v1: mkdir /sys/fs/cgroup/unified, and mount it there)",
    );
  }
  if (!surroundings.ownNamespaces.includes("cgroup")) return ok(name, root);
  return limited(
    name,
    `${root}, which shows only npmon's own part of the hierarchy`,
    surroundings.inKubernetes
      ? "Mount the host's /sys/fs/cgroup; `npmon enable --kubernetes` prints how."
      : "Start the container with --cgroupns=host; `npmon enable --docker` prints the whole command.",
  );
}
