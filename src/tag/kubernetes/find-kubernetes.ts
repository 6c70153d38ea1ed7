import { existsSync } from "node:fs";
import { isIPv6 } from "node:net";
import type { ApiEndpoint, KubernetesSettings } from "./endpoint.ts";
import { asText } from "./json-value.ts";
import { MAX_NAME, NAME } from "./names.ts";

/** Where Kubernetes puts what a pod needs to speak with the API server. */
const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
const KUBELET_PORT = 10250;

/** The variables looked at, those of a DaemonSet written for the Datadog agent included; first come, first served. */
const VARIABLES = {
  apiUrl: ["NPMON_KUBERNETES_API"],
  tokenFile: ["NPMON_KUBERNETES_TOKEN_FILE"],
  caFile: ["NPMON_KUBERNETES_CA"],
  scope: ["NPMON_KUBERNETES_SCOPE"],
  nodeName: ["NODE_NAME", "DD_KUBERNETES_KUBELET_NODENAME"],
  hostIp: ["HOST_IP", "DD_KUBERNETES_KUBELET_HOST"],
  kubeletCa: ["NPMON_KUBELET_CA", "DD_KUBELET_CLIENT_CA"],
} as const;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What there is of Kubernetes around this process, by its environment and the files that Kubernetes mounts; asks nobody.
 *
 * @param exists - whether there is a file
 * @returns `null` outside Kubernetes
 */
export function findKubernetes(
  env: Environment,
  exists: (path: string) => boolean = existsSync,
): KubernetesSettings | null {
  const apiUrl = urlOf(find(env, "apiUrl")) ?? inClusterUrl(env);
  const hostIp = find(env, "hostIp");
  const tokenFile = find(env, "tokenFile") ?? present(`${SERVICE_ACCOUNT}/token`, exists);
  if (apiUrl === null && (hostIp === null || tokenFile === null)) return null;
  const caFile = find(env, "caFile") ?? present(`${SERVICE_ACCOUNT}/ca.crt`, exists);
  // A proxy on this host that has a token of its own needs none from here.
  const canAsk = tokenFile !== null || apiUrl?.startsWith("http:");
  const api = apiUrl === null || !canAsk ? null : { url: apiUrl, tokenFile, caFile, insecure: false };
  const kubelet = hostIp === null || tokenFile === null ? null : kubeletOf(env, hostIp, tokenFile, caFile);
  const nodeName = asText(find(env, "nodeName"), NAME, MAX_NAME);
  return {
    api,
    kubelet,
    nodeName,
    scope: find(env, "scope") === "node" ? "node" : "cluster",
    problem: problemOf(tokenFile, api, nodeName),
  };
}

function problemOf(
  tokenFile: string | null,
  api: ApiEndpoint | null,
  nodeName: string | null,
): string | null {
  if (tokenFile === null && api === null) return `in Kubernetes, but there is no ${SERVICE_ACCOUNT}/token`;
  if (nodeName === null && api !== null)
    return "NODE_NAME is not set, so every pod is followed as if it ran here";
  return null;
}

function find(env: Environment, what: keyof typeof VARIABLES): string | null {
  for (const name of VARIABLES[what]) {
    const value = env[name]?.trim();
    if (value !== undefined && value !== "") return value;
  }
  return null;
}

/** Every container has these two, with the address of the service `kubernetes`. */
function inClusterUrl(env: Environment): string | null {
  const { KUBERNETES_SERVICE_HOST: host = "", KUBERNETES_SERVICE_PORT: port = "443" } = env;
  return host === "" ? null : urlOf(`https://${bracketed(host)}:${port}`);
}

function kubeletOf(
  env: Environment,
  hostIp: string,
  tokenFile: string,
  caFile: string | null,
): ApiEndpoint | null {
  const url = urlOf(`https://${bracketed(hostIp)}:${KUBELET_PORT}`);
  if (url === null) return null;
  const insecure = env.NPMON_KUBELET_INSECURE === "true" || env.DD_KUBELET_TLS_VERIFY === "false";
  return { url, tokenFile, caFile: find(env, "kubeletCa") ?? caFile, insecure };
}

function bracketed(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}

/** The origin of a URL with its port, and only that; `null` for what is no URL of a web server. */
function urlOf(text: string | null): string | null {
  try {
    const { protocol, hostname, port } = new URL(text ?? "");
    if (protocol !== "https:" && protocol !== "http:") return null;
    return `${protocol}//${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  } catch {
    return null;
  }
}

function present(path: string, exists: (path: string) => boolean): string | null {
  return exists(path) ? path : null;
}
