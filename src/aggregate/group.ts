import type { Flow } from "../flow/flow.ts";
import {
  ENDPOINT_TAGS,
  type End,
  FLOW_TAGS,
  formatTagRef,
  type TagLookup,
  type TagRef,
  type TagValue,
  type WholeView,
} from "../flow/tags.ts";
import type { EndTags, SnapshotFlow } from "../snapshot/snapshot.ts";
import { Tally } from "./tally.ts";
import type { TrackedFlow } from "./tracked-flow.ts";

/** One row being summed. */
export class Group {
  readonly key: string;
  /** The tags of the row as they stand in the snapshot; made once. */
  readonly tags: Pick<SnapshotFlow, End | "protocol" | "direction" | "family">;
  readonly tally = new Tally();
  /** Open flows in the row; those of them that are connections; sums over those that have a round-trip time. */
  members = 0;
  active = 0;
  rttSum = 0;
  rttVarSum = 0;
  rttCount = 0;

  constructor(key: string, tags: Group["tags"]) {
    this.key = key;
    this.tags = tags;
  }
}

/**
 * Columns of `--group-by flow`: every tag of both ends and of the flow, but for labels, which have no end. Those of
 * `rollup` are without `pid`: what runs for a moment again and again would be a row each time.
 */
function allColumns(view: WholeView, userTags: readonly string[]): readonly TagRef[] {
  const tags = [...new Set([...ENDPOINT_TAGS, ...userTags])].filter(
    (tag) => view === "flow" || tag !== "pid",
  );
  return [
    ...tags.map((tag) => ({ end: "source" as const, tag })),
    ...tags.map((tag) => ({ end: "destination" as const, tag })),
    ...FLOW_TAGS.map((tag) => ({ end: "flow" as const, tag })),
  ];
}

export interface GroupingOptions {
  readonly groupBy: readonly TagRef[] | WholeView;
  readonly lookup: TagLookup;
  /** Which flows count at all; by default every one. */
  readonly accepts?: (flow: Flow) => boolean;
  /** Tags that the user defined: they are columns of the ungrouped view too. */
  readonly userTags?: readonly string[];
}

const RECENT_ROWS = 8;

/** Which row a flow belongs to. */
export class Grouping {
  /** As in `group_by` of the snapshot. */
  readonly names: readonly string[];
  readonly #columns: readonly TagRef[];
  readonly #ends: readonly (readonly [end: End, places: readonly Place[]])[];
  readonly #flowTags: readonly Place[];
  /** The view is by client and server: a conversation of two sockets of this host counts once, as the client saw it. */
  readonly #byRole: boolean;
  /** Ports that the kernel picked are left out. */
  readonly #rollsUp: boolean;
  readonly #lookup: TagLookup;
  readonly #accepts: (flow: Flow) => boolean;
  readonly #groups = new Map<string, Group>();
  /** Values of the flow that is looked at. */
  readonly #values: TagValue[] = [];
  /** Rows found last, at most {@link RECENT_ROWS}, for most flows belong to few. */
  readonly #recent: { readonly values: readonly TagValue[]; readonly group: Group }[] = [];

  constructor({ groupBy, lookup, accepts = () => true, userTags = [] }: GroupingOptions) {
    this.#lookup = lookup;
    this.#accepts = accepts;
    this.#columns = typeof groupBy === "string" ? allColumns(groupBy, userTags) : groupBy;
    const placesOf = (end: TagRef["end"]): readonly Place[] =>
      this.#columns.flatMap((ref, index) => (ref.end === end ? [{ tag: ref.tag, index }] : []));
    const ends = [...new Set(this.#columns.map((ref) => ref.end))].filter((end) => end !== "flow");
    this.#ends = ends.map((end) => [end, placesOf(end)]);
    this.#flowTags = placesOf("flow");
    this.names = typeof groupBy === "string" ? [groupBy] : groupBy.map(formatTagRef);
    this.#rollsUp = groupBy === "rollup";
    this.#byRole = this.#columns.some((ref) => ref.end === "client" || ref.end === "server");
  }

  get groups(): Iterable<Group> {
    return this.#groups.values();
  }

  /** Whether this view looks at the flow from its destination: by role, at flows that were accepted. */
  swaps(flow: TrackedFlow): boolean {
    return this.#byRole && flow.direction === "incoming";
  }

  /** The flow's row, made when it is the first; `null` when it does not count, or its other end counts instead. */
  groupOf(flow: TrackedFlow): Group | null {
    if (!this.#accepts(flow)) return null;
    if (this.#byRole && flow.direction === "incoming" && flow.bothEndsHere) return null;
    const columns = this.#columns;
    const values = this.#values;
    for (let i = 0; i < columns.length; i++) values[i] = this.#tagOf(flow, columns[i] as TagRef);
    for (const { values: known, group } of this.#recent) if (isSame(known, values)) return group;
    const group = this.#findGroup(values);
    if (this.#recent.length === RECENT_ROWS) this.#recent.shift();
    this.#recent.push({ values: values.slice(), group });
    return group;
  }

  drop(group: Group): void {
    this.#groups.delete(group.key);
    this.#recent.length = 0;
  }

  #findGroup(values: readonly TagValue[]): Group {
    const key = values.map((value) => (value === null ? "\u0001" : value)).join("\u0000");
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = new Group(key, this.#tagsOf(values));
      this.#groups.set(key, group);
    }
    return group;
  }

  #tagOf(flow: TrackedFlow, ref: TagRef): TagValue {
    if (ref.end === "flow") return flow[ref.tag];
    const end = endOf(flow, ref.end);
    if (this.#rollsUp && ref.tag === "port" && isEphemeral(flow, end)) return null;
    return this.#lookup(flow[end], ref.tag);
  }

  /** Rows of a grouping share their shape that way. An object filled tag by tag is a hash table of its own, seven times as large. */
  #tagsOf(values: readonly TagValue[]): Group["tags"] {
    const pick = (places: readonly Place[]): readonly (readonly [string, TagValue])[] =>
      places.map(({ tag, index }) => [tag, values[index] ?? null]);
    const ends = this.#ends.map(
      ([end, places]) => [end, Object.freeze(Object.fromEntries(pick(places)))] as const,
    );
    return Object.freeze(Object.fromEntries<EndTags | TagValue>([...ends, ...pick(this.#flowTags)]));
  }
}

function isSame(a: readonly TagValue[], b: readonly TagValue[]): boolean {
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A column of an end or of the flow, and where its value stands. */
interface Place {
  readonly tag: string;
  readonly index: number;
}

/** First port that Linux picks by itself, unless it is told otherwise. */
const FIRST_EPHEMERAL = 32768;

/** Whether the port of this end says nothing: it is the client's. Where nobody knows who connected, its number tells. */
function isEphemeral(flow: Flow, end: "source" | "destination"): boolean {
  if (flow.direction !== "none") return (end === "source") === (flow.direction === "outgoing");
  return (flow[end].port ?? 0) >= FIRST_EPHEMERAL;
}

/** The client is the end that connected. Where nobody knows who did, the end that measured stands for it. */
function endOf(flow: Flow, end: End): "source" | "destination" {
  if (end === "source" || end === "destination") return end;
  const clientIsSource = flow.direction !== "incoming";
  return (end === "client") === clientIsSource ? "source" : "destination";
}
