import { isObject, textOf } from "./json.ts";

/** Labels that npmon makes tags of: kept whatever else there is. */
const NEEDED: readonly string[] = [
  "com.docker.compose.project",
  "com.docker.compose.service",
  "com.datadoghq.tags.service",
  "com.datadoghq.tags.env",
  "com.datadoghq.tags.version",
  "io.kubernetes.container.name",
  "io.kubernetes.pod.name",
  "io.kubernetes.pod.namespace",
  "io.kubernetes.pod.uid",
];

/** Labels of these families come next. */
const PREFERRED: readonly string[] = ["com.docker.compose.", "com.datadoghq.tags.", "io.kubernetes."];

const MAX_LABELS = 64;
const MAX_KEY_CHARACTERS = 128;
const MAX_VALUE_CHARACTERS = 256;
/** Of one container, keys and values together. All of NEEDED at their longest come to 2,600. */
const MAX_CHARACTERS = 4_096;

const NONE: Readonly<Record<string, string>> = Object.freeze(Object.create(null));

/**
 * The labels worth keeping of those that an engine gave, as a frozen object without a prototype. Values are cut to
 * 256 characters; labels with longer keys than 128, and those for which there is no room, are left out: first come
 * the ones npmon knows, then their families, then the others in the engine's order.
 *
 * @param without - keys that are no labels
 */
export function keepLabels(labels: unknown, without: ReadonlySet<string>): Readonly<Record<string, string>> {
  if (!isObject(labels)) return NONE;
  const kept: Record<string, string> = Object.create(null);
  let room = MAX_CHARACTERS;
  let count = 0;

  const keep = (key: string): void => {
    if (count >= MAX_LABELS || key.length > MAX_KEY_CHARACTERS || without.has(key) || key in kept) return;
    const value = textOf(labels[key], MAX_VALUE_CHARACTERS);
    if (value === null || key.length + value.length > room) return;
    kept[key] = value;
    room -= key.length + value.length;
    count++;
  };

  const keys = Object.keys(labels);
  for (const key of NEEDED) if (Object.hasOwn(labels, key)) keep(key);
  for (const key of keys) if (PREFERRED.some((prefix) => key.startsWith(prefix))) keep(key);
  for (const key of keys) keep(key);
  return count === 0 ? NONE : Object.freeze(kept);
}
