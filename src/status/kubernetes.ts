import { setTimeout } from "node:timers/promises";
import { openPodDirectory } from "../tag/kubernetes/directory.ts";
import type { KubernetesSettings } from "../tag/kubernetes/endpoint.ts";
import type { KubernetesStatus } from "../tag/kubernetes/status.ts";
import { type Finding, failing, limited, ok } from "./finding.ts";

const LOOK_EVERY_MS = 20;

/** How Kubernetes answers within this time; lists can take longer, and are then said to be under way. */
export async function askKubernetes(
  settings: KubernetesSettings | null,
  timeoutMs: number,
): Promise<KubernetesStatus> {
  const directory = openPodDirectory({ settings });
  try {
    const deadline = performance.now() + timeoutMs;
    while (directory.status().state === "starting" && performance.now() < deadline) {
      await setTimeout(LOOK_EVERY_MS);
    }
    return directory.status();
  } finally {
    directory.close();
  }
}

/** @param isRequired the configuration says that npmon is in Kubernetes */
export function checkKubernetes({ state, line, remedy }: KubernetesStatus, isRequired: boolean): Finding {
  const name = "Kubernetes";
  switch (state) {
    case "absent":
      if (!isRequired) return ok(name, line);
      return failing(name, "fault", line, "Set npmon.kubernetes.api and token_file, or enabled: auto.");
    case "ok":
      return ok(name, line);
    case "starting":
      return limited(name, `${line} so far`, "Ask again; where nothing comes, a firewall may be in the way.");
    case "degraded":
      return limited(name, line, remedy);
    case "failing":
      return failing(name, "fault", line, remedy);
  }
}
