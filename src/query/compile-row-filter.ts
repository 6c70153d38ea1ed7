import {
  ENDPOINT_TAGS,
  type End,
  formatTagRef,
  isWholeView,
  type TagRef,
  type TagValue,
  type WholeView,
} from "../flow/tags.ts";
import type { EndTags, SnapshotFlow } from "../snapshot/snapshot.ts";
import { compileTree, measuredEnd } from "./compile-filter.ts";
import { compileMatch, compileMatches, type Test } from "./compile-match.ts";
import { askedTags, type Filter, type TagTerm, type Term, termsOf } from "./filter.ts";
import { findMeasure } from "./measures.ts";
import { type AskedTag, formatAskedTag, refsOf } from "./tag-names.ts";

/**
 * @param intervalMs - what the counters of the row cover
 */
export type RowFilter = (row: SnapshotFlow, intervalMs: number) => boolean;

/** A row being asked. One object serves all rows, so that asking makes nothing. */
interface Asked {
  row: SnapshotFlow;
  intervalMs: number;
}

/**
 * Which rows of a snapshot fit, by their numbers and by the tags they are grouped by. Ask {@link missingTags} first: a
 * tag that rows do not have fits nothing.
 */
export function compileRowFilter(filter: Filter): RowFilter {
  const test = compileTree<Asked>(filter, compileRowTerm);
  const asked: { row: SnapshotFlow | null; intervalMs: number } = { row: null, intervalMs: 0 };
  return (row, intervalMs) => {
    asked.row = row;
    asked.intervalMs = intervalMs;
    const fits = test(asked as Asked);
    asked.row = null;
    return fits;
  };
}

function compileRowTerm(term: Term): (asked: Asked) => boolean {
  if (term.kind === "tag") return compileRowTag(term);
  if (term.kind === "word") {
    const test = compileMatch(term.value, "none");
    const readers = askedTags(term).flatMap((asked) => readersOf(asked));
    return ({ row }) => {
      for (const read of readers) if (test(read(row))) return true;
      return false;
    };
  }
  const measure = findMeasure(term.measure);
  if (measure === undefined) throw new RangeError(`there is no measure ${term.measure}`);
  const test = compileMatches(term.values, measure.units);
  return ({ row, intervalMs }) => test(measure.read(row, intervalMs));
}

function compileRowTag({ asked, values }: TagTerm): (asked: Asked) => boolean {
  const test: Test = compileMatches(values, "none");
  const [first, second] = readersOf(asked);
  if (first === undefined) return () => false;
  if (second === undefined) return ({ row }) => test(first(row));
  return ({ row }) => test(first(row)) || test(second(row));
}

type Reader = (row: SnapshotFlow) => TagValue;

/** One for each end that could answer; without a prefix both ends of the row, whichever way it looks. */
function readersOf(asked: AskedTag): Reader[] {
  if (asked.end === "flow") {
    const { tag } = asked;
    return [(row) => row[tag] ?? null];
  }
  const { end, tag } = asked;
  if (end !== "any") return [(row) => readTag(endOf(row, end), tag)];
  return [
    (row) => readTag(row.source ?? row.client, tag),
    (row) => readTag(row.destination ?? row.server, tag),
  ];
}

/** A row by source and destination has a client and a server too when it says who connected. */
function endOf(row: SnapshotFlow, end: End): EndTags | undefined {
  return row[end] ?? (row.direction == null ? undefined : row[measuredEnd(end, row.direction)]);
}

function readTag(tags: EndTags | undefined, tag: string): TagValue {
  return tags !== undefined && Object.hasOwn(tags, tag) ? (tags[tag] ?? null) : null;
}

/**
 * The tags that a filter looks at and rows do not have, so that the rows cannot answer it; empty when they can.
 *
 * @param groupBy - what the rows are grouped by, as in `group_by` of their snapshot
 * @param rows - of an ungrouped snapshot, which can have more tags than the built-in ones
 * @returns as they were asked: `source.pod`, or `pod` for both ends
 */
export function missingTags(
  filter: Filter,
  groupBy: readonly string[],
  rows: readonly SnapshotFlow[] = [],
): readonly string[] {
  const has = isWholeView(groupBy)
    ? ungroupedHas(rows, groupBy[0])
    : (name: string) => groupBy.includes(name);
  const missing = new Set<string>();
  for (const term of termsOf(filter)) {
    const asked = askedTags(term);
    const lacking = asked.filter((tag) => !canAnswer(tag, has));
    // a word is looked for in what there is
    if (term.kind === "word" && lacking.length < asked.length) continue;
    for (const tag of lacking) missing.add(formatAskedTag(tag));
  }
  return [...missing];
}

function canAnswer(asked: AskedTag, has: (name: string) => boolean): boolean {
  const all = (refs: readonly TagRef[]) => refs.every((ref) => has(formatTagRef(ref)));
  if (all(refsOf(asked))) return true;
  if (asked.end === "flow") return false;
  const { end, tag } = asked;
  if (end === "any") return has(`client.${tag}`) && has(`server.${tag}`);
  const byRole = end === "client" || end === "server";
  return byRole && has("direction") && has(`source.${tag}`) && has(`destination.${tag}`);
}

function ungroupedHas(rows: readonly SnapshotFlow[], view: WholeView): (name: string) => boolean {
  return (name) => {
    const [end = "", ...rest] = name.split(".");
    const tag = rest.join(".");
    if (end === "client" || end === "server" || (view === "rollup" && tag === "pid")) return false;
    if (rest.length === 0 || (ENDPOINT_TAGS as readonly string[]).includes(tag)) return true;
    return rows.length === 0 || rows.some((row) => Object.hasOwn(row[end as End] ?? {}, tag));
  };
}
