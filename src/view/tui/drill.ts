import { isWholeView, type TagValue } from "../../flow/tags.ts";
import type { SnapshotFlow } from "../../snapshot/snapshot.ts";
import { tagValue } from "../tag-columns.ts";
import type { Pin, Question } from "./question.ts";

type Ends = readonly [first: string, second: string];

/** Tags that are an address and no name. */
const ADDRESS_TAGS = new Set(["ip", "port", "subnet", "netns", "pid"]);

/**
 * The next question about one row: of which processes it is made, then of which flows.
 * @returns `null` when the row is one flow already
 */
export function drillInto({ groupBy, pins, ...rest }: Question, flow: SnapshotFlow): Question | null {
  const next = finerGroupBy(groupBy);
  if (next === null) return null;
  return { ...rest, groupBy: next, pins: [...pins, pinRow(groupBy, flow, false)] };
}

/** The same question about this row alone, or about all but this one; `null` where rows are single flows. */
export function pinQuestion(question: Question, flow: SnapshotFlow, isExcluded: boolean): Question | null {
  if (isWholeView(question.groupBy)) return null;
  return { ...question, pins: [...question.pins, pinRow(question.groupBy, flow, isExcluded)] };
}

/** By address where it was by name; `null` when there is no name in it. */
export function withoutNames(groupBy: readonly string[]): readonly string[] | null {
  const addresses = groupBy.map((ref) => {
    const [end, tag] = splitRef(ref);
    return end === null || ADDRESS_TAGS.has(tag) ? ref : `${end}.ip`;
  });
  const distinct = [...new Set(addresses)];
  return distinct.join() === groupBy.join() || isWholeView(groupBy) ? null : distinct;
}

/** `checkout → postgres`, `not nginx → N/A`: a pin as it stands in the line of what is looked at. */
export function formatPin({ values, isExcluded }: Pin): string {
  const sides: readonly [TagValue[], TagValue[], TagValue[]] = [[], [], []];
  for (const { tag, value } of values) {
    const [end] = splitRef(tag);
    sides[end === null ? 2 : end === "source" || end === "client" ? 0 : 1].push(value);
  }
  const [first, second, flow] = sides.map((side) => side.map((value) => value ?? "N/A").join(" "));
  const ends = [first, second].filter((side) => side !== "").join(" → ");
  return `${isExcluded ? "not " : ""}${[ends, flow].filter((part) => part !== "").join(" ")}`;
}

function pinRow(groupBy: readonly string[], flow: SnapshotFlow, isExcluded: boolean): Pin {
  return { values: groupBy.map((tag) => ({ tag, value: tagValue(flow, tag) })), isExcluded };
}

function finerGroupBy(groupBy: readonly string[]): readonly string[] | null {
  if (isWholeView(groupBy)) return null;
  const tags = new Set(groupBy);
  const isByRole = groupBy.some((ref) => ref.startsWith("client.") || ref.startsWith("server."));
  const [first, second]: Ends = isByRole ? ["client", "server"] : ["source", "destination"];
  if (tags.has(`${first}.port`) && tags.has(`${second}.port`) && tags.has(`${first}.ip`)) return null;
  if (tags.has(`${first}.pid`) || tags.has(`${second}.pid`)) {
    if (!isByRole) return ["flow"];
    const ends = [first, second].flatMap((end) => [`${end}.process`, `${end}.ip`, `${end}.port`]);
    return [...ends, "protocol"];
  }
  const processes = [first, second].flatMap((end) => [`${end}.process`, `${end}.pid`]);
  return [...processes, `${second}.ip`];
}

function splitRef(ref: string): readonly [end: string | null, tag: string] {
  const [, end, tag] = /^(source|destination|client|server)\.(.*)$/.exec(ref) ?? [];
  return end === undefined || tag === undefined ? [null, ref] : [end, tag];
}
