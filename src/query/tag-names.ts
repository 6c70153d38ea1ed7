import { NpmonError } from "../error/error.ts";
import {
  ENDPOINT_TAGS,
  type End,
  FLOW_TAGS,
  type FlowTag,
  LABEL_PREFIX,
  type TagRef,
  WHOLE_VIEWS,
} from "../flow/tags.ts";
import { nearestWord } from "./edit-distance.ts";
import { isMeasure, MEASURE_NAMES } from "./measures.ts";
import type { QueryError, QueryText } from "./query-text.ts";
import { quoteInput } from "./quote.ts";

/** What can be asked of an endpoint: built-in tags, the user's own and any label. One vocabulary for filter and group-by. */
export interface TagNames {
  /** Every tag but labels, in the order in which they are listed to people: the user's after the built-in ones. */
  readonly endpointTags: readonly string[];
  /** Whether an endpoint can have such a tag; `label.` with any name behind it is one. */
  isEndpointTag(text: string): boolean;
}

/** A tag as it was named: of one end, of whichever end (`any`: no prefix) or of the flow. */
export type AskedTag =
  | { readonly end: End | "any"; readonly tag: string }
  | { readonly end: "flow"; readonly tag: FlowTag };

/** What the values of a tag are, and so what can be asked of them. */
export type TagKind = "text" | "number" | "address" | "network";

export const ENDS: Readonly<Record<string, End>> = {
  source: "source",
  src: "source",
  destination: "destination",
  dst: "destination",
  client: "client",
  server: "server",
};

/** What a text before the first dot can be. */
const PREFIXES = [...Object.keys(ENDS), LABEL_PREFIX.slice(0, -1)];

/** Whoever would call a tag so could not ask for it. */
const RESERVED: ReadonlySet<string> = new Set([...PREFIXES, ...FLOW_TAGS, ...MEASURE_NAMES, ...WHOLE_VIEWS]);

const BUILT_IN: ReadonlySet<string> = new Set(ENDPOINT_TAGS);

const USER_TAG = /^[a-z][a-z0-9_]*$/;

/** A Kubernetes label has at most 253 characters, a slash and 63 more; engines know no limit. */
const MAX_LABEL_UNITS = 512;

/**
 * @param userTags - of the configuration; built-in names among them are taken as such
 * @throws NpmonError `usage` when a name cannot be a tag
 */
export function createTagNames(userTags: readonly string[]): TagNames {
  for (const tag of userTags) checkUserTag(tag);
  const endpointTags = Object.freeze([...new Set([...ENDPOINT_TAGS, ...userTags])]);
  const known = new Set(endpointTags);
  return Object.freeze({
    endpointTags,
    isEndpointTag: (text: string) => known.has(text) || isLabel(text),
  });
}

/** What there is without a configuration. */
export const BUILT_IN_NAMES: TagNames = createTagNames([]);

/** Whether a tag of the user's own can be called so, or is a built-in one. */
export function isTagName(text: string): boolean {
  return USER_TAG.test(text) && !RESERVED.has(text);
}

function checkUserTag(tag: string): void {
  if (RESERVED.has(tag)) {
    throw new NpmonError(
      "usage",
      `a tag cannot be called ${quoteInput(tag)}: that word has a meaning of its own`,
    );
  }
  if (USER_TAG.test(tag)) return;
  throw new NpmonError(
    "usage",
    `a tag cannot be called ${quoteInput(tag)}`,
    "A tag begins with a letter from a to z; letters from a to z, digits and _ may follow.",
  );
}

export function isLabel(text: string): boolean {
  const length = text.length - LABEL_PREFIX.length;
  return text.startsWith(LABEL_PREFIX) && length > 0 && length <= MAX_LABEL_UNITS;
}

export function isFlowTag(text: string): text is FlowTag {
  return (FLOW_TAGS as readonly string[]).includes(text);
}

export function tagKind(tag: string): TagKind {
  if (tag === "port" || tag === "pid" || tag === "netns") return "number";
  if (tag === "ip") return "address";
  return tag === "subnet" ? "network" : "text";
}

/** `source.pod`, `protocol`; `pod` for both ends. */
export function formatAskedTag({ end, tag }: AskedTag): string {
  return end === "any" || end === "flow" ? tag : `${end}.${tag}`;
}

/** A word that nobody would take for a name: a tag of one end, or a measure. */
export function looksLikeTag(word: string): boolean {
  const dot = word.indexOf(".");
  return (
    isMeasure(word) ||
    (Object.hasOwn(ENDS, word.slice(0, Math.max(0, dot))) && BUILT_IN.has(word.slice(dot + 1)))
  );
}

/** The columns that answer a tag as it was named: both ends for one without a prefix. */
export function refsOf(asked: AskedTag): TagRef[] {
  if (asked.end === "flow") return [asked];
  if (asked.end !== "any") return [{ end: asked.end, tag: asked.tag }];
  return [
    { end: "source", tag: asked.tag },
    { end: "destination", tag: asked.tag },
  ];
}

/** A name and where it stands. */
export interface Word {
  readonly text: string;
  /** In UTF-16 units from 0. */
  readonly at: number;
}

/**
 * `service`, `src.port`, `label.app`, `client.label.app`, `protocol`.
 *
 * @param alsoFitting - other words that could have been meant in this place
 * @throws QueryError that suggests the nearest name, or lists what there is
 */
export function resolveTag(
  source: QueryText,
  word: Word,
  names: TagNames,
  alsoFitting: readonly string[] = [],
): AskedTag {
  const { text, at } = word;
  if (names.isEndpointTag(text)) return { end: "any", tag: text };
  if (isFlowTag(text)) return { end: "flow", tag: text };
  const dot = text.indexOf(".");
  const head = text.slice(0, Math.max(0, dot));
  const tag = { text: text.slice(dot + 1), at: at + dot + 1 };
  if (head === "label") throw misfitLabel(source, tag);
  if (dot < 0) throw unknownWord(source, "tag", word, [...names.endpointTags, ...FLOW_TAGS], alsoFitting);
  const end = Object.hasOwn(ENDS, head) ? ENDS[head] : undefined;
  if (end === undefined) {
    const nearest = nearestWord(text, alsoFitting);
    if (nearest !== null) throw source.misfit(at, `there is no tag ${quoteInput(text)}`, suggest(nearest));
    throw unknownWord(source, "end", { text: head, at }, PREFIXES);
  }
  if (names.isEndpointTag(tag.text)) return { end, tag: tag.text };
  throw misfitEndpointTag(source, at, tag, names);
}

function misfitLabel(source: QueryText, { text, at }: Word): QueryError {
  const found =
    text === "" ? "no name after `label.`" : `a label's name has at most ${MAX_LABEL_UNITS} characters`;
  return source.misfit(at, found, "the name of a label, as in label.app");
}

function misfitEndpointTag(source: QueryText, at: number, tag: Word, names: TagNames): QueryError {
  const { text } = tag;
  if (isFlowTag(text)) {
    return source.misfit(
      at,
      `\`${text}\` belongs to the flow, not to one end`,
      `\`${text}\` without a prefix`,
    );
  }
  if (isMeasure(text)) {
    return source.misfit(
      at,
      `\`${text}\` is counted for the whole row, not for one end`,
      `\`${text}\` without a prefix`,
    );
  }
  if (text.startsWith(LABEL_PREFIX)) {
    const name = { text: text.slice(LABEL_PREFIX.length), at: tag.at + LABEL_PREFIX.length };
    return misfitLabel(source, name);
  }
  return unknownWord(source, "endpoint tag", tag, names.endpointTags);
}

function unknownWord(
  source: QueryText,
  kind: string,
  { text, at }: Word,
  known: readonly string[],
  alsoFitting: readonly string[] = [],
): QueryError {
  const nearest = nearestWord(text, [...known, ...alsoFitting]);
  const fitting = nearest === null ? known.join(" ") : suggest(nearest);
  const remedy =
    nearest === null && alsoFitting.length > 0
      ? `Besides: label.NAME for labels of containers and pods, and what is counted: ${alsoFitting.join(" ")}.`
      : "";
  return source.misfit(at, `there is no ${kind} ${quoteInput(text)}`, fitting, remedy);
}

function suggest(nearest: string): string {
  return `did you mean \`${nearest}\`?`;
}
