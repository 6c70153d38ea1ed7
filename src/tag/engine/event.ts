import { type ContainerFacts, decodeAttributes } from "./container-facts.ts";
import { isContainerId } from "./container-id.ts";
import { isObject, parseJson } from "./json.ts";

/** What happened to a container, as far as its name depends on it. */
export interface ContainerEvent {
  readonly id: string;
  readonly kind: "appeared" | "renamed" | "removed";
  /** What the event itself says of the container; all there will be of one that is removed before it is asked for. */
  readonly facts: ContainerFacts | null;
}

/** Action → what it means. Docker says `destroy`, Podman says `remove`. */
const KINDS: ReadonlyMap<unknown, ContainerEvent["kind"]> = new Map([
  ["create", "appeared"],
  ["start", "appeared"],
  ["rename", "renamed"],
  ["destroy", "removed"],
  ["remove", "removed"],
]);

const FILTERS = JSON.stringify({ type: ["container"], event: [...KINDS.keys()] });

/** Where an engine streams these events and no others, one JSON object a line. */
export const EVENTS_PATH = `/events?filters=${encodeURIComponent(FILTERS)}`;

/** Reads one line of the stream. `null`: it is none of those events, or of no right shape. */
export function decodeEvent(line: string): ContainerEvent | null {
  const event = parseJson(line);
  if (!isObject(event) || event.Type !== "container") return null;
  const kind = KINDS.get(event.Action);
  const actor = event.Actor;
  if (kind === undefined || !isObject(actor) || !isContainerId(actor.ID)) return null;
  const facts = kind === "removed" ? null : decodeAttributes(actor.ID, actor.Attributes);
  return { id: actor.ID, kind, facts };
}
