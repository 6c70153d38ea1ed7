import type { Endpoint } from "../../src/flow/endpoint.ts";
import type { Flow } from "../../src/flow/flow.ts";
import type { TagLookup, TagValue } from "../../src/flow/tags.ts";

export type Tags = Readonly<Record<string, TagValue>>;

const TAGS = new WeakMap<Endpoint, Tags>();

/** An endpoint of which {@link lookup} knows these tags and nothing else. */
export function endpointOf(tags: Tags): Endpoint {
  const endpoint: Endpoint = { ip: null, port: null, netns: null, host: null, domain: null, process: null };
  TAGS.set(endpoint, tags);
  return endpoint;
}

export const lookup: TagLookup = (endpoint, tag) => TAGS.get(endpoint)?.[tag] ?? null;

export function flowOf(source: Tags, destination: Tags, kind: Partial<Flow> = {}): Flow {
  return {
    protocol: "tcp",
    family: "ipv4",
    direction: "outgoing",
    bothEndsHere: false,
    ...kind,
    source: endpointOf(source),
    destination: endpointOf(destination),
  };
}
