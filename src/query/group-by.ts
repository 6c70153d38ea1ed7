import {
  type End,
  formatTagRef,
  isWholeView,
  type TagRef,
  WHOLE_VIEWS,
  type WholeView,
} from "../flow/tags.ts";
import { isMeasure } from "./measures.ts";
import { QueryText } from "./query-text.ts";
import { quoteInput } from "./quote.ts";
import { BUILT_IN_NAMES, refsOf, resolveTag, type TagNames, type Word } from "./tag-names.ts";

/** What rows are made of: the columns, `flow` for one row a flow, or `rollup` for one a client and server. */
export type GroupBy = readonly TagRef[] | WholeView;

/**
 * A comma list of tags, spaces allowed around the commas. The columns come in the order typed; an endpoint tag
 * without a prefix means both ends and becomes two neighbouring columns, `service,port` → `source.service,
 * destination.service, source.port, destination.port`. Either all endpoint columns are source and destination or
 * all are client and server: the two ways of looking count different rows. `flow` alone is ungrouped, `rollup` alone is
 * that without what differs from one connection to the next.
 *
 * @param names - what can be asked; default: what there is without a configuration
 * @returns a frozen list without duplicates, never empty
 * @throws QueryError with the 1-based column of the item that does not fit
 */
export function parseGroupBy(text: string, names: TagNames = BUILT_IN_NAMES): GroupBy {
  const source = new QueryText(text, "--group-by");
  const items = splitItems(text);
  const words = items.map((item) => item.text);
  if (isWholeView(words)) return words[0];
  const refs = new Map<string, TagRef>();
  for (const item of items) {
    for (const ref of resolveItem(source, item, names)) {
      const name = formatTagRef(ref);
      if (refs.has(name)) {
        throw source.misfit(item.at, `${quoteName(name)} is already a column`, "each column once");
      }
      rejectMixedViews(source, item, ref, refs.values());
      refs.set(name, Object.freeze(ref));
    }
  }
  return Object.freeze([...refs.values()]);
}

/** The spelling kept in `snapshot.group_by`. {@link parseGroupBy} of the items joined with commas gives `groupBy` again. */
export function formatGroupBy(groupBy: GroupBy): string[] {
  return typeof groupBy === "string" ? [groupBy] : groupBy.map(formatTagRef);
}

/** The items between commas, without the spaces around them. */
function splitItems(text: string): Word[] {
  let start = 0;
  return text.split(",").map((part) => {
    const at = start + part.length - part.trimStart().length;
    start += part.length + 1;
    return { text: part.trim(), at };
  });
}

function resolveItem(source: QueryText, item: Word, names: TagNames): TagRef[] {
  const { text, at } = item;
  if (text === "") {
    throw source.misfit(at, "nothing between commas", "a tag such as service or destination.port");
  }
  if ((WHOLE_VIEWS as readonly string[]).includes(text)) {
    const what = text === "flow" ? "is the ungrouped view" : "has every tag already";
    throw source.misfit(at, `\`${text}\` ${what}`, `\`${text}\` alone, or tags without it`);
  }
  if (/\s/.test(text)) {
    throw source.misfit(at, `${quoteInput(text)} has a space in it`, "a comma between one tag and the next");
  }
  if (isMeasure(text)) {
    throw source.misfit(
      at,
      `\`${text}\` is counted for each row`,
      "a tag such as service or destination.port",
    );
  }
  return refsOf(resolveTag(source, item, names));
}

function rejectMixedViews(source: QueryText, item: Word, ref: TagRef, earlier: Iterable<TagRef>): void {
  if (ref.end === "flow") return;
  for (const other of earlier) {
    if (other.end === "flow") continue;
    // the first one speaks for all, they agree
    if (isInitiatorView(other.end) === isInitiatorView(ref.end)) return;
    throw source.misfit(
      item.at,
      `${quoteName(formatTagRef(ref))} cannot stand beside ${quoteName(formatTagRef(other))}`,
      isInitiatorView(ref.end) ? "source. and destination. only" : "client. and server. only",
    );
  }
}

/** As it is; only the names of labels can be such that they need quotes. */
function quoteName(name: string): string {
  return /^[\w.]+$/.test(name) ? name : quoteInput(name);
}

function isInitiatorView(end: End): boolean {
  return end === "client" || end === "server";
}
