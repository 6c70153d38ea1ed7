import { isObject, textOf } from "./json.ts";
import { keepLabels } from "./labels.ts";

/** What an engine says of a container, frozen. Text is as the engine gave it, control characters included. */
export interface ContainerFacts {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** Without the slash that engines write before it; at most 256 characters. */
  readonly name: string;
  /** As it was asked for when the container was made (`nginx:1.27`), at most 512 characters. */
  readonly image: string | null;
  /** Has no prototype: `labels[key]` is a label or undefined, whatever the key. See `keepLabels` for what is left out. */
  readonly labels: Readonly<Record<string, string>>;
}

const MAX_NAME_CHARACTERS = 256;
const MAX_IMAGE_CHARACTERS = 512;

/** What an engine adds to the labels of a container to make the attributes of an event. */
const NOT_LABELS: ReadonlySet<string> = new Set([
  "image",
  "name",
  "oldName",
  "podId", // from here on Podman's
  "containerExitCode",
  "network",
  "error",
]);

/** Reads the answer of `GET /containers/ID/json`. `null`: not about this container, or not of the right shape. */
export function decodeContainer(id: string, answer: unknown): ContainerFacts | null {
  if (!isObject(answer) || answer.Id !== id) return null;
  const config = isObject(answer.Config) ? answer.Config : {};
  return createFacts(id, answer.Name, config.Image, config.Labels, NOTHING);
}

/** Reads the attributes of an event, which hold name, image and labels side by side. `null`: of no right shape. */
export function decodeAttributes(id: string, attributes: unknown): ContainerFacts | null {
  if (!isObject(attributes)) return null;
  return createFacts(id, attributes.name, attributes.image, attributes, NOT_LABELS);
}

const NOTHING: ReadonlySet<string> = new Set();

function createFacts(
  id: string,
  name: unknown,
  image: unknown,
  labels: unknown,
  notLabels: ReadonlySet<string>,
): ContainerFacts | null {
  const bareName = textOf(name, MAX_NAME_CHARACTERS + 1)?.replace(/^\//, "");
  if (bareName === undefined || bareName === "") return null;
  return Object.freeze({
    id,
    name: bareName.slice(0, MAX_NAME_CHARACTERS),
    image: textOf(image, MAX_IMAGE_CHARACTERS) || null,
    labels: keepLabels(labels, notLabels),
  });
}
