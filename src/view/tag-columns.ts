import { ENDPOINT_TAGS, FLOW_TAGS, isWholeView, type TagValue } from "../flow/tags.ts";
import type { EndTags, Snapshot, SnapshotFlow } from "../snapshot/snapshot.ts";
import type { Column } from "./column.ts";
import { formatSafe } from "./text.ts";

/** Cells for values of known form; everything else is a name and takes {@link NAME_WIDTH}. */
const TAG_WIDTHS: Readonly<Record<string, number>> = {
  port: 5,
  pid: 7,
  netns: 10,
  protocol: 5,
  direction: 9,
  family: 6,
  ip: 15,
};

const NUMBER_TAGS = new Set(["port", "pid", "netns"]);
const NAME_WIDTH = 13;

const SHORT_ENDS: Readonly<Record<string, string>> = {
  source: "SRC",
  destination: "DST",
  client: "CLI",
  server: "SRV",
};

/** Ungrouped rows carry every tag; these fit a screen. The number is the column's priority. */
const FLOW_VIEW: readonly (readonly [string, number])[] = [
  ["source.service", 0],
  ["source.ip", 14],
  ["source.port", 3],
  ["destination.service", 0],
  ["destination.ip", 0],
  ["destination.port", 0],
  ["protocol", 15],
  ["direction", 16],
];

/** The columns that say whose row it is: one for each tag that the rows are grouped by. */
export function tagColumns(groupBy: readonly string[]): readonly Column[] {
  const tags = isWholeView(groupBy) ? FLOW_VIEW : groupBy.map((ref) => [ref, 0] as const);
  const refs = tags.map(([ref]) => ref);
  return tags.map(([ref, priority]) => tagColumn(ref, refs, priority));
}

/** The tag references of a snapshot's rows, for output that leaves nothing out. */
export function rowTagRefs(snapshot: Snapshot): readonly string[] {
  const [view] = snapshot.group_by;
  if (!isWholeView(snapshot.group_by)) return snapshot.group_by;
  const refs = new Set<string>();
  for (const end of ["source", "destination"] as const) {
    for (const tag of ENDPOINT_TAGS) if (view === "flow" || tag !== "pid") refs.add(`${end}.${tag}`);
    for (const flow of snapshot.flows) {
      for (const tag of Object.keys(flow[end] ?? {})) refs.add(`${end}.${tag}`);
    }
  }
  return [...refs, ...FLOW_TAGS];
}

function tagColumn(ref: string, refs: readonly string[], priority: number): Column {
  const split = splitRef(ref);
  const [end, tag] = split;
  const isOnlyTagOfItsEnd = end !== null && refs.filter((other) => splitRef(other)[0] === end).length === 1;
  const name = formatSafe(tag.toUpperCase());
  const heading = end === null ? name : `${end.toUpperCase()} ${name}`;
  const shortEnd =
    end === null ? "" : isOnlyTagOfItsEnd ? end.toUpperCase() : `${SHORT_ENDS[end] ?? end} ${name}`;
  const isNumber = NUMBER_TAGS.has(tag);
  return {
    name: ref,
    heading,
    shortHeading: end === null ? (tag === "protocol" ? "PROTO" : name) : shortEnd,
    unit: isNumber ? "number" : "text",
    align: isNumber ? "right" : "left",
    priority,
    width: (Object.hasOwn(TAG_WIDTHS, tag) ? TAG_WIDTHS[tag] : undefined) ?? NAME_WIDTH,
    meaning: end === null ? `${name.toLowerCase()} of the flow` : `${name.toLowerCase()} of the ${end}`,
    isTrouble: false,
    value: (row) => readTag(row.flow, split),
  };
}

/** The value of a tag reference in a row; `null` when the row has none. */
export function tagValue(flow: SnapshotFlow, ref: string): TagValue {
  return readTag(flow, splitRef(ref));
}

type SplitRef = readonly ["source" | "destination" | "client" | "server" | null, string];

function readTag(flow: SnapshotFlow, [end, tag]: SplitRef): TagValue {
  if (end === null) {
    return (tag === "protocol" || tag === "direction" || tag === "family" ? flow[tag] : null) ?? null;
  }
  const tags: EndTags | undefined = flow[end];
  return tags !== undefined && Object.hasOwn(tags, tag) ? (tags[tag] ?? null) : null;
}

function splitRef(ref: string): SplitRef {
  const dot = ref.indexOf(".");
  const end = ref.slice(0, Math.max(0, dot));
  return end === "source" || end === "destination" || end === "client" || end === "server"
    ? [end, ref.slice(dot + 1)]
    : [null, ref];
}
