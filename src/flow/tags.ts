import type { Flow } from "./flow.ts";

/** Tags that an endpoint has, in the order in which they are listed to people. */
export const ENDPOINT_TAGS = [
  "service",
  "process",
  "container",
  "host",
  "ip",
  "port",
  "pid",
  "exe",
  "user",
  "container_id",
  "cgroup",
  "unit",
  "netns",
] as const;

/** Tags of the flow itself; they are written without `source.` or `destination.`. */
export const FLOW_TAGS = ["protocol", "direction", "family"] as const;

export type EndpointTag = (typeof ENDPOINT_TAGS)[number];
export type FlowTag = (typeof FLOW_TAGS)[number];

/** Which end of a flow. `client` connected, `server` accepted; see {@link Flow.direction}. */
export type End = "source" | "destination" | "client" | "server";

/** One column of a group-by: a tag of one end, or of the flow. */
export type TagRef =
  | { readonly end: End; readonly tag: EndpointTag }
  | { readonly end: "flow"; readonly tag: FlowTag };

/** `port`, `pid` and `netns` are numbers, every other tag is text, and what is not known is `null`. */
export type TagValue = string | number | null;

/** The value of a tag on a source or destination endpoint. Client and server ends are resolved by the caller. */
export function endpointTag(flow: Flow, end: "source" | "destination", tag: EndpointTag): TagValue {
  const endpoint = flow[end];
  switch (tag) {
    case "host":
    case "ip":
    case "port":
    case "netns":
      return endpoint[tag];
    default:
      return endpoint.process === null ? null : endpoint.process[tag];
  }
}

/** `source.service`, `client.port`, `protocol`: the one spelling used in snapshots, headings and messages. */
export function formatTagRef(ref: TagRef): string {
  return ref.end === "flow" ? ref.tag : `${ref.end}.${ref.tag}`;
}
