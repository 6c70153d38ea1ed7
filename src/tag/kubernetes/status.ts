import type { ApiFault } from "./api-fault.ts";
import type { ApiEndpoint, KubernetesSettings } from "./endpoint.ts";
import type { PodCounts } from "./pod-store.ts";
import type { SourceHealth } from "./source-health.ts";

/** How npmon and Kubernetes get on, for `npmon status`. */
export interface KubernetesStatus {
  /**
   * `absent`: not in Kubernetes. `starting`: nothing heard yet. `degraded`: pods of this node are known, but not those of
   * others, or late. `failing`: nothing is known, or nothing new.
   */
  readonly state: "absent" | "starting" | "ok" | "degraded" | "failing";
  /** One line of printable ASCII. */
  readonly line: string;
  /** What would help, a full sentence; empty when nothing is needed. */
  readonly remedy: string;
}

export interface StatusFacts {
  readonly settings: KubernetesSettings | null;
  readonly node: SourceHealth | null;
  readonly cluster: SourceHealth | null;
  readonly kubelet: SourceHealth | null;
  readonly counts: PodCounts;
}

export function describeStatus(facts: StatusFacts): KubernetesStatus {
  const { settings, node, cluster, kubelet } = facts;
  if (settings === null) return { state: "absent", line: "not in Kubernetes", remedy: "" };
  if (settings.api === null && settings.kubelet === null) {
    const line = settings.problem ?? "neither an API server nor a kubelet is known";
    return { state: "failing", line, remedy: CREDENTIALS };
  }
  const fault = node?.fault ?? kubelet?.fault ?? cluster?.fault ?? null;
  const served = [...servedBy(facts), ...limits(facts)];
  const problems = [
    problem("API server", settings.api, node?.fault ?? cluster?.fault),
    problem("kubelet", settings.kubelet, kubelet?.fault),
    settings.problem,
  ].filter((text) => text !== null);
  const line = [...served, ...problems].join("; ") || "nothing heard yet";
  return { state: stateOf(facts), line, remedy: fault === null ? hint(facts) : remedyFor(facts, fault) };
}

function stateOf({ settings, node, cluster, kubelet }: StatusFacts): KubernetesStatus["state"] {
  const health = node?.isServing ? node : kubelet;
  if (!health?.isServing) {
    return node?.state === "failing" || kubelet?.state === "failing" ? "failing" : "starting";
  }
  const isWhole = (health === node && node.state === "watching") || node === null;
  const isFarLate = cluster?.state === "failing" || cluster?.state === "polling";
  return isWhole && !isFarLate && settings?.problem === null ? "ok" : "degraded";
}

function servedBy({ settings, node, cluster, kubelet, counts }: StatusFacts): string[] {
  const lines: string[] = [];
  const ofNode = `${count(counts.node)} of node ${settings?.nodeName}`;
  if (node?.isServing) {
    const which = settings?.nodeName === null ? `${count(counts.node)} of the cluster` : ofNode;
    const others = cluster?.isServing ? `, ${counts.cluster.toLocaleString("en-US")} of other nodes` : "";
    lines.push(`API server ${hostOf(settings?.api)}: ${node.state} ${which}${others}`);
  } else if (kubelet?.isServing) {
    lines.push(`kubelet ${hostOf(settings?.kubelet)}: ${count(counts.node)} of this node`);
  } else if (counts.node + counts.cluster > 0) {
    lines.push(`${count(counts.node + counts.cluster)} known from before`);
  }
  return lines;
}

function limits({ settings, node, cluster, kubelet, counts }: StatusFacts): string[] {
  const lines: string[] = [];
  const passedOver = [node, cluster, kubelet].reduce(
    (sum, health) => sum + (health?.passedOverCount ?? 0),
    0,
  );
  if (counts.full) lines.push("no room for more, the rest is left out");
  if (passedOver > 0) {
    lines.push(`${passedOver} ${passedOver === 1 ? "object" : "objects"} passed over: no pods, or too large`);
  }
  if (kubelet?.isServing && settings?.kubelet?.insecure)
    lines.push("the kubelet's certificate is not checked");
  return lines;
}

function problem(
  who: string,
  endpoint: ApiEndpoint | null,
  fault: ApiFault | null | undefined,
): string | null {
  if (endpoint === null || fault === null || fault === undefined) return null;
  return `${who} ${hostOf(endpoint)} ${VERBS[fault.kind]}: ${fault.message}`;
}

const VERBS: Readonly<Record<ApiFault["kind"], string>> = {
  unreachable: "unreachable",
  silent: "fell silent",
  untrusted: "not trusted",
  credentials: "not asked",
  unauthorized: "refuses the token",
  forbidden: "refuses",
  gone: "forgot",
  busy: "busy",
  nonsense: "not understood",
};

const CREDENTIALS =
  "The pod needs its ServiceAccount's token: automountServiceAccountToken must not be false; see Kubernetes in the README.";

function remedyFor({ node, cluster, kubelet }: StatusFacts, fault: ApiFault): string {
  const isKubelet = fault === kubelet?.fault;
  switch (fault.kind) {
    case "forbidden": {
      const account = /User "(system:serviceaccount:[a-z0-9:.-]+)"/.exec(fault.message)?.[1];
      const who = account ?? "npmon's ServiceAccount";
      const grant = `Bind a ClusterRole with the verbs list and watch on the resource pods to ${who}`;
      const which = isKubelet && node === null ? ", or one with get on nodes/pods" : "";
      return `${grant}${which}; see Kubernetes in the README.`;
    }
    case "unauthorized":
      return "The ServiceAccount may have been deleted or the token be of another cluster; start the pod anew.";
    case "credentials":
      return CREDENTIALS;
    case "untrusted":
      return isKubelet
        ? "Kubelets sign their certificate themselves by default: name its CA in NPMON_KUBELET_CA, or set NPMON_KUBELET_INSECURE=true to give the token to whoever answers there."
        : "The CA certificate must be the one of this cluster's API server.";
    default:
      return fault === cluster?.fault || node?.isServing || kubelet?.isServing
        ? "It is tried again by itself."
        : "It is tried again by itself; a NetworkPolicy or firewall may be in the way.";
  }
}

function hint({ settings, node, cluster }: StatusFacts): string {
  if (settings?.problem !== null)
    return "Set NODE_NAME from the field spec.nodeName; see Kubernetes in the README.";
  if (node?.state !== "polling" && cluster?.state !== "polling") return "";
  return "Add the verb watch on the resource pods to npmon's ClusterRole: now it can only list them every minute or so.";
}

function count(pods: number): string {
  return `${pods.toLocaleString("en-US")} ${pods === 1 ? "pod" : "pods"}`;
}

function hostOf(endpoint: ApiEndpoint | null | undefined): string {
  return endpoint?.url.replace(/^https?:\/\//, "") ?? "";
}
