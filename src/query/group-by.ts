import { NpmonError } from "../error/error.ts";
import { ENDPOINT_TAGS, type End, FLOW_TAGS, type FlowTag, formatTagRef, type TagRef } from "../flow/tags.ts";
import { nearestWord } from "./edit-distance.ts";
import { quoteInput } from "./quote.ts";

/** What rows are made of: the columns, or `flow` for one row a flow. */
export type GroupBy = readonly TagRef[] | "flow";

type EndpointEnd = Exclude<TagRef["end"], "flow">;

const ENDS: Readonly<Record<string, EndpointEnd>> = {
  source: "source",
  src: "source",
  destination: "destination",
  dst: "destination",
  client: "client",
  server: "server",
};

const UNPREFIXED_TAGS = [...ENDPOINT_TAGS, ...FLOW_TAGS];
const PREFIXES = Object.keys(ENDS);

/** One item between commas, without the spaces around it; `column` counts characters from 1. */
interface Item {
  readonly text: string;
  readonly column: number;
}

/**
 * A comma list of tags, spaces allowed around the commas. The columns come in the order typed; an endpoint tag
 * without a prefix means both ends and becomes two neighbouring columns, `service,port` → `source.service,
 * destination.service, source.port, destination.port`. Either all endpoint columns are source and destination or
 * all are client and server: the two ways of looking count different rows. `flow` alone is ungrouped.
 *
 * @returns a frozen list without duplicates, never empty
 * @throws NpmonError `usage`, one line with the 1-based column of the item that does not fit
 */
export function parseGroupBy(text: string): GroupBy {
  const items = splitItems(text);
  if (items.length === 1 && items[0]?.text === "flow") return "flow";
  const refs = new Map<string, TagRef>();
  for (const item of items) {
    for (const ref of resolveItem(item)) {
      const name = formatTagRef(ref);
      if (refs.has(name)) throw misfit(item.column, `${name} is already a column`, "name each column once");
      rejectMixedViews(item, ref, [...refs.values()]);
      refs.set(name, ref);
    }
  }
  return Object.freeze([...refs.values()]);
}

/** The spelling kept in `snapshot.group_by`. {@link parseGroupBy} of the items joined with commas gives `groupBy` again. */
export function formatGroupBy(groupBy: GroupBy): string[] {
  return groupBy === "flow" ? ["flow"] : groupBy.map(formatTagRef);
}

function splitItems(text: string): Item[] {
  let columnOfPart = 1;
  return text.split(",").map((part) => {
    const column = columnOfPart + countCharacters(part) - countCharacters(part.trimStart());
    columnOfPart += countCharacters(part) + 1;
    return { text: part.trim(), column };
  });
}

/** As a person counts them in the terminal: an emoji is one character, though two UTF-16 units. */
function countCharacters(text: string): number {
  return [...text].length;
}

function resolveItem({ text, column }: Item): TagRef[] {
  if (text === "")
    throw misfit(column, "nothing between commas", "a tag such as service or destination.port");
  if (text === "flow")
    throw misfit(column, "`flow` is the ungrouped view", "`flow` alone, or tags without it");
  if (/\s/.test(text)) {
    throw misfit(column, `${quoteInput(text)} has a space in it`, "a comma between one tag and the next");
  }
  const dot = text.indexOf(".");
  if (dot >= 0) return [resolvePrefixed(text.slice(0, dot), text.slice(dot + 1), column)];
  if (isFlowTag(text)) return [{ end: "flow", tag: text }];
  if (isEndpointTag(text)) {
    return [
      { end: "source", tag: text },
      { end: "destination", tag: text },
    ];
  }
  throw unknownWord("tag", text, column, UNPREFIXED_TAGS);
}

function resolvePrefixed(prefix: string, tag: string, column: number): TagRef {
  const end = Object.hasOwn(ENDS, prefix) ? ENDS[prefix] : undefined;
  if (end === undefined) throw unknownWord("end", prefix, column, PREFIXES);
  if (isEndpointTag(tag)) return { end, tag };
  const tagColumn = column + prefix.length + 1;
  if (isFlowTag(tag)) {
    throw misfit(column, `\`${tag}\` belongs to the flow, not to one end`, `\`${tag}\` without a prefix`);
  }
  throw unknownWord("endpoint tag", tag, tagColumn, ENDPOINT_TAGS);
}

function rejectMixedViews(item: Item, ref: TagRef, earlier: readonly TagRef[]): void {
  if (ref.end === "flow") return;
  const clash = earlier.find(
    (other) => other.end !== "flow" && isInitiatorView(other.end) !== isInitiatorView(ref.end),
  );
  if (clash === undefined) return;
  throw misfit(
    item.column,
    `${formatTagRef(ref)} cannot stand beside ${formatTagRef(clash)}`,
    isInitiatorView(ref.end) ? "source. and destination. only" : "client. and server. only",
  );
}

function isInitiatorView(end: End): boolean {
  return end === "client" || end === "server";
}

function unknownWord(kind: string, word: string, column: number, known: readonly string[]): NpmonError {
  const nearest = nearestWord(word, known);
  const fitting = nearest === null ? known.join(" ") : `did you mean \`${nearest}\`?`;
  return misfit(column, `there is no ${kind} ${quoteInput(word)}`, fitting);
}

function misfit(column: number, found: string, fitting: string): NpmonError {
  const hint = fitting.endsWith("?") ? fitting : `expected ${fitting}`;
  return new NpmonError("usage", `--group-by, column ${column}: ${found}; ${hint}`);
}

function isEndpointTag(text: string): boolean {
  return (ENDPOINT_TAGS as readonly string[]).includes(text);
}

function isFlowTag(text: string): text is FlowTag {
  return (FLOW_TAGS as readonly string[]).includes(text);
}
