import { parseNetwork } from "./address.ts";
import type { Filter, Match, TagTerm, WordTerm } from "./filter.ts";
import type { PatternPart } from "./pattern.ts";
import { formatQuantity } from "./quantity.ts";
import { isSafe, quoteText } from "./quote.ts";
import { type AskedTag, looksLikeTag } from "./tag-names.ts";

/**
 * The filter as one would type it, in the one spelling that is kept in snapshots: printable, with no more brackets than
 * needed and quotes only where something would be taken for something else. `parseFilter` of it gives the same filter,
 * unless escapes made it longer than a filter can be.
 */
export function formatFilter(filter: Filter): string {
  switch (filter.kind) {
    case "and":
      return filter.parts.map((part) => formatPart(part, part.kind === "or")).join(" ");
    case "or":
      return filter.parts.map(formatAlternative).join(" OR ");
    case "not":
      return `-${formatPart(filter.part, filter.part.kind === "and" || filter.part.kind === "or")}`;
    case "tag":
      return formatTag(filter);
    case "word":
      return formatWord(filter);
    case "measure":
      return `${filter.measure}:${filter.values.map(formatMatch).join(",")}`;
  }
}

/** `and` binds more than `or`, but not everybody knows: there it is written out. */
function formatAlternative(part: Filter): string {
  if (part.kind !== "and") return formatFilter(part);
  return part.parts.map((each) => formatPart(each, each.kind === "or")).join(" AND ");
}

function formatPart(filter: Filter, inBrackets: boolean): string {
  const text = formatFilter(filter);
  return inBrackets ? `(${text})` : text;
}

function formatTag({ asked, values }: TagTerm): string {
  return `${formatAsked(asked)}:${values.map(formatMatch).join(",")}`;
}

const BARE_NAME = /^[\w./-]+$/;

/** Labels have the names that others gave them. */
function formatAsked({ end, tag }: AskedTag): string {
  const prefix = end === "any" || end === "flow" ? "" : `${end}.`;
  if (BARE_NAME.test(tag)) return prefix + tag;
  return `${prefix}label.${quoteText(tag.slice("label.".length))}`;
}

function formatMatch(match: Match): string {
  switch (match.kind) {
    case "known":
      return "*";
    case "text":
      return formatText(match.text);
    case "pattern":
      return formatPattern(match.parts, isBareValue);
    case "network":
      return match.network;
    case "compare":
      return `${match.operator === "=" ? "" : match.operator}${formatQuantity(match.quantity)}`;
    case "range":
      return `[${formatQuantity(match.min)} TO ${formatQuantity(match.max)}]`;
  }
}

/** A value of text as it stands behind a colon. */
export function formatText(text: string): string {
  return isBareValue(text) && text.toUpperCase() !== "N/A" ? text : quoteText(text);
}

function formatWord({ value }: WordTerm): string {
  if (value.kind === "network") return value.network.replace(/(?<=\.\d+)\/32$|\/128$/, "");
  if (value.kind === "pattern") return formatPattern(value.parts, isBareWord);
  return formatBareWord(value.text);
}

/** A word as it stands without a tag. */
export function formatBareWord(text: string): string {
  const isName = !/^(?:\d+|and|or|not)$/i.test(text) && !looksLikeTag(text) && parseNetwork(text) === null;
  return isName && isBareWord(text) ? text : quoteText(text);
}

function formatPattern(parts: readonly PatternPart[], isBare: (text: string) => boolean): string {
  return parts
    .map((part) => {
      if (part.kind === "literal") return isBare(part.text) ? part.text : quoteText(part.text);
      return part.kind === "any" ? "*" : "?";
    })
    .join("");
}

/** Letters and digits of any script, and signs that mean nothing in a filter. */
const BARE_VALUE = /^[\p{L}\p{N}_./:@%+~#$-]+$/u;
const BARE_WORD = /^(?!-)[\p{L}\p{N}_./@%+~#$-]+$/u;

function isBareValue(text: string): boolean {
  return BARE_VALUE.test(text) && isSafe(text);
}

function isBareWord(text: string): boolean {
  return BARE_WORD.test(text) && isSafe(text);
}
