import { asObject, asObjects, asText, type JsonObject } from "./json-value.ts";
import { KIND, LABEL_VALUE, MAX_KIND, MAX_LABEL_VALUE, MAX_NAME, OWNER_NAME } from "./names.ts";

export interface Workload {
  readonly name: string;
  readonly kind: string;
}

/** Owners looked at; one of them is the controller. */
const MAX_OWNERS = 32;

/** Which label says what a controller put behind the name of the ReplicaSet that it made. */
const REPLICA_SET_MAKERS: readonly { readonly label: string; readonly kind: string }[] = [
  { label: "pod-template-hash", kind: "Deployment" },
  { label: "rollouts-pod-template-hash", kind: "Rollout" },
];

/**
 * The scheduled time that the CronJob controller puts behind a Job's name: minutes since 1970 (from Kubernetes 1.21), or
 * seconds before that. Ranges from 2015 on, so that the date in `backup-20240101` is not taken for one.
 */
const SCHEDULED: readonly { readonly form: RegExp; readonly min: number }[] = [
  { form: /^(.+)-(\d{8})$/, min: 24_000_000 },
  { form: /^(.+)-(\d{10})$/, min: 1_420_000_000 },
];

/**
 * The top owner of a pod. Read from the pod alone: to ask for its ReplicaSet or Job would take more permissions and a
 * request each. So two steps are derived:
 * - ReplicaSet `NAME-HASH` of a pod labelled `pod-template-hash: HASH` is of the Deployment NAME (of the Rollout NAME where
 *   Argo's label says so). A ReplicaSet without either is its own top.
 * - Job `NAME-TIME` is of the CronJob NAME. A Job that a person named like that is taken for one.
 *
 * @returns `null` for a bare pod, and for a static pod, whose owner is the node itself
 */
export function findWorkload(metadata: JsonObject): Workload | null {
  const owner = asObjects(metadata.ownerReferences, MAX_OWNERS).find(({ controller }) => controller === true);
  const name = asText(owner?.name, OWNER_NAME, MAX_NAME);
  const kind = asText(owner?.kind, KIND, MAX_KIND);
  if (name === null || kind === null || kind === "Node") return null;
  switch (kind) {
    case "ReplicaSet":
      return makerOfReplicaSet(name, asObject(metadata.labels)) ?? { name, kind };
    case "Job":
      return cronJobOf(name) ?? { name, kind };
    default:
      return { name, kind };
  }
}

function makerOfReplicaSet(name: string, labels: JsonObject | null): Workload | null {
  for (const { label, kind } of REPLICA_SET_MAKERS) {
    const hash = asText(labels?.[label], LABEL_VALUE, MAX_LABEL_VALUE);
    if (hash === null || hash === "" || !name.endsWith(`-${hash}`)) continue;
    const maker = name.slice(0, -hash.length - 1);
    if (maker !== "") return { name: maker, kind };
  }
  return null;
}

function cronJobOf(name: string): Workload | null {
  for (const { form, min } of SCHEDULED) {
    const [, cronJob, time] = form.exec(name) ?? [];
    if (cronJob !== undefined && Number(time) >= min) return { name: cronJob, kind: "CronJob" };
  }
  return null;
}
