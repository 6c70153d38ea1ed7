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

/**
 * Words that are a whole group-by: `flow` is ungrouped; `rollup` has every tag but `pid`, and of the ports only the
 * server's, so that the many connections of one client to one server are one row.
 */
export const WHOLE_VIEWS = ["flow", "rollup"] as const;

export type WholeView = (typeof WHOLE_VIEWS)[number];

/** Whether rows that are grouped so have the tags of {@link WHOLE_VIEWS} instead of those listed. */
export function isWholeView(groupBy: readonly string[]): groupBy is readonly [WholeView] {
  return groupBy.length === 1 && (WHOLE_VIEWS as readonly string[]).includes(groupBy[0] ?? "");
}

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
