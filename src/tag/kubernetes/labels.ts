import type { Interner } from "./interner.ts";
import { asObject, asText } from "./json-value.ts";
import { LABEL_KEY, LABEL_VALUE, MAX_LABEL_KEY, MAX_LABEL_VALUE } from "./names.ts";

/** Labels that tags are made of, kept of every pod and before all others. */
export const KNOWN_LABELS: readonly string[] = [
  "tags.datadoghq.com/service",
  "tags.datadoghq.com/env",
  "tags.datadoghq.com/version",
  "app.kubernetes.io/name",
  "app.kubernetes.io/instance",
  "app.kubernetes.io/version",
  "app.kubernetes.io/component",
  "app.kubernetes.io/part-of",
  "app.kubernetes.io/managed-by",
  "app",
  "k8s-app",
];

/** Labels kept of one pod; pods have ten as a rule. */
const MAX_LABELS = 32;
/** Labels looked at of one pod. */
const MAX_LOOKED_AT = 1_000;

/**
 * The labels of a pod that are kept: those asked for, and of this node's pods as many of the others as there is room for.
 * Pods of one workload share one object.
 *
 * @param wanted - keys in the order of their importance
 */
export function chooseLabels(
  raw: unknown,
  wanted: readonly string[],
  all: boolean,
  interner: Interner,
): Readonly<Record<string, string>> {
  const labels = asObject(raw);
  if (labels === null) return interner.labels([]);
  const keys = new Set(wanted.filter((key) => Object.hasOwn(labels, key)));
  if (all) for (const key of Object.keys(labels).slice(0, MAX_LOOKED_AT)) keys.add(key);
  const kept: [key: string, value: string][] = [];
  for (const key of keys) {
    const value = asText(labels[key], LABEL_VALUE, MAX_LABEL_VALUE);
    if (value === null || asText(key, LABEL_KEY, MAX_LABEL_KEY) === null) continue;
    kept.push([interner.text(key), interner.text(value)]);
    if (kept.length === MAX_LABELS) break;
  }
  return interner.labels(kept);
}
