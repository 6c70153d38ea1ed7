import type { Endpoint } from "./endpoint.ts";

/** Tags that npmon itself gives an endpoint, in the order in which they are listed to people. */
export const ENDPOINT_TAGS = [
  "service",
  "process",
  "container",
  "image",
  "pod",
  "namespace",
  "workload",
  "host",
  "domain",
  "ip",
  "port",
  "subnet",
  "range",
  "pid",
  "exe",
  "user",
  "env",
  "version",
  "service_source",
  "container_id",
  "unit",
  "cgroup",
  "netns",
] as const;

/** Tags of the flow itself; they are written without `source.` or `destination.`. */
export const FLOW_TAGS = ["protocol", "direction", "family"] as const;

/** `label.NAME` is the label NAME of the endpoint's container or pod. */
export const LABEL_PREFIX = "label.";

export type BuiltInTag = (typeof ENDPOINT_TAGS)[number];
export type FlowTag = (typeof FLOW_TAGS)[number];

/** Which end of a flow. `client` connected, `server` accepted; see {@link Flow.direction}. */
export type End = "source" | "destination" | "client" | "server";

/** One column of a group-by: a tag of one end, built in, a label or one that the user defined; or a tag of the flow. */
export type TagRef =
  | { readonly end: End; readonly tag: string }
  | { readonly end: "flow"; readonly tag: FlowTag };

/** `port`, `pid` and `netns` are numbers, every other tag is text, and what is not known is `null`. */
export type TagValue = string | number | null;

/** The value of any tag that an endpoint can have. */
export type TagLookup = (endpoint: Endpoint, tag: string) => TagValue;

/** `source.service`, `client.port`, `protocol`: the one spelling used in snapshots, headings and messages. */
export function formatTagRef(ref: TagRef): string {
  return ref.end === "flow" ? ref.tag : `${ref.end}.${ref.tag}`;
}
