import { existsSync } from "node:fs";
import type { KubernetesConfig } from "../config/config.ts";
import type { KubernetesSettings } from "../tag/kubernetes/endpoint.ts";
import { findKubernetes } from "../tag/kubernetes/find-kubernetes.ts";

/** What the environment says, and over it the configuration. */
export function kubernetesSettings(config: KubernetesConfig): KubernetesSettings | null {
  if (config.enabled === "never") return null;
  const said: Record<string, string | null> = {
    NPMON_KUBERNETES_API: config.api,
    NPMON_KUBERNETES_TOKEN_FILE: config.tokenFile,
    NPMON_KUBERNETES_CA: config.caFile,
    NPMON_KUBERNETES_SCOPE: config.scope,
    NODE_NAME: config.nodeName,
    HOST_IP: config.kubeletHost,
    NPMON_KUBELET_CA: config.kubeletCaFile,
    NPMON_KUBELET_INSECURE: config.kubeletInsecure ? "true" : null,
  };
  const set = Object.entries(said).filter(([, value]) => value !== null && value !== "");
  return findKubernetes(
    { ...process.env, ...(Object.fromEntries(set) as Record<string, string>) },
    existsSync,
  );
}
