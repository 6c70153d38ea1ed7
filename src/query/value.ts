import { parseAddress, parseNetwork } from "./address.ts";
import { nearestWord } from "./edit-distance.ts";
import {
  type CompareOperator,
  KNOWN,
  type KnownMatch,
  type Match,
  type NetworkMatch,
  type PatternMatch,
  type TextMatch,
} from "./filter.ts";
import { MAX_PATTERN_UNITS, PatternBuilder } from "./pattern.ts";
import { parseQuantity, type Quantity, quantityValue } from "./quantity.ts";
import type { QueryError } from "./query-text.ts";
import { quoteInput } from "./quote.ts";
import type { Piece, Scanner } from "./scanner.ts";
import { fittingValue, type Subject } from "./subject.ts";

/** What people type before a value; some of it only to be told how it is written here. */
const OPERATOR = /^(?:>=|<=|=>|=<|==?|!=?|>|<)/;

const SHELL_REMEDY =
  "A shell takes > < * ( ) and spaces for itself: put the whole filter between single quotes.";

/** One value of a term, from where the scanner stands to the end of the value. */
export function parseValue(scanner: Scanner, subject: Subject): Match {
  const start = scanner.at;
  const next = scanner.peek();
  if (scanner.atGap || next === ",") {
    const found = scanner.atEnd || /\s/.test(next) ? "no value here" : `found ${quoteInput(next)}`;
    throw scanner.source.misfit(start, found, fittingValue(subject), SHELL_REMEDY);
  }
  if (next === "[") return parseRange(scanner, subject);
  const operator = OPERATOR.exec(scanner.peekRun())?.[0];
  if (operator !== undefined) return parseComparison(scanner, subject, operator);
  const word = scanner.takeWord();
  const [first] = word;
  const plain = word.length === 1 && first?.quoted === false ? first.text : null;
  if (plain?.toUpperCase() === "N/A") {
    throw scanner.source.misfit(
      start,
      "N/A is how what is not known is shown",
      `-${subject.name}:* for that, or "N/A" between quotes for a thing of that name`,
    );
  }
  return plain === "*" ? KNOWN : fitWord(scanner, subject, start, word);
}

function fitWord(scanner: Scanner, subject: Subject, at: number, word: readonly Piece[]): Match {
  if (subject.kind === "number") {
    return Object.freeze({
      kind: "compare",
      operator: "=",
      quantity: toQuantity(scanner, subject, at, textOf(word)),
    });
  }
  const match = toTextMatch(scanner, at, word);
  if (match.kind !== "text" || subject.kind === "text") return match;
  if (subject.kind === "choice") return toChoice(scanner, subject, at, match.text);
  const found = toNetworkMatch(match.text);
  if (found === null) throw misfitAddress(scanner, subject, at, match.text);
  // one subnet is asked for as all that lie in it, one address as its text, which is faster
  if (subject.kind === "network" && found.kind === "text") {
    return Object.freeze({ kind: "network", network: parseNetwork(found.text) ?? found.text });
  }
  return found;
}

/** Text as it stands, or a pattern where it has wildcards outside quotes. */
export function toTextMatch(
  scanner: Scanner,
  at: number,
  word: readonly Piece[],
): TextMatch | PatternMatch | KnownMatch {
  if (!word.some((piece) => !piece.quoted && /[*?]/.test(piece.text))) {
    return Object.freeze({ kind: "text", text: textOf(word) });
  }
  const pattern = new PatternBuilder();
  for (const { text, quoted } of word) {
    for (const part of quoted ? [text] : text.split(/([*?])/)) {
      if (!quoted && part === "*") pattern.any();
      else if (!quoted && part === "?") pattern.one();
      else pattern.literal(part);
    }
  }
  if (pattern.units > MAX_PATTERN_UNITS) {
    const found = `a value with wildcards of more than ${MAX_PATTERN_UNITS} characters`;
    throw scanner.source.misfit(at, found, "a shorter one");
  }
  const parts = pattern.build();
  return parts.length === 1 && parts[0]?.kind === "any" ? KNOWN : Object.freeze({ kind: "pattern", parts });
}

/** An address as its text, more than one as the network; `null` when it is neither. */
function toNetworkMatch(text: string): TextMatch | NetworkMatch | null {
  const network = parseNetwork(text);
  if (network === null) return null;
  const address = parseAddress(network.slice(0, network.lastIndexOf("/")));
  const isOne = network.endsWith(network.includes(":") ? "/128" : "/32");
  if (isOne && address !== null) return Object.freeze({ kind: "text", text: address });
  return Object.freeze({ kind: "network", network });
}

function toChoice(
  scanner: Scanner,
  subject: Subject & { readonly kind: "choice" },
  at: number,
  text: string,
): TextMatch {
  const choice = text.toLowerCase();
  if (subject.choices.includes(choice)) return Object.freeze({ kind: "text", text: choice });
  const nearest = nearestWord(text, subject.choices);
  throw scanner.source.misfit(
    at,
    `there is no ${subject.name} ${quoteInput(text)}`,
    nearest === null ? fittingValue(subject) : `did you mean \`${nearest}\`?`,
  );
}

function misfitAddress(scanner: Scanner, subject: Subject, at: number, text: string): QueryError {
  const octets = /^(\d{1,3}(?:\.\d{1,3}){0,2})\.?$/.exec(text)?.[1];
  const fitting = octets === undefined ? fittingValue(subject) : `all four numbers, or ${octets}.*`;
  const found = text.includes("%") ? "an address with a zone" : `${quoteInput(text)} is no address`;
  return scanner.source.misfit(at, found, fitting);
}

function parseComparison(scanner: Scanner, subject: Subject, operator: string): Match {
  const start = scanner.at;
  const { name } = subject;
  if (operator.startsWith("!")) {
    throw scanner.source.misfit(start, `\`${operator}\` does not stand here`, `- before the tag: -${name}:…`);
  }
  if (subject.kind !== "number") {
    throw scanner.source.misfit(
      start,
      `\`${operator}\` is for numbers, and ${name} is none`,
      `${fittingValue(subject)}; between quotes if it begins with ${operator}`,
    );
  }
  if (operator.startsWith("=")) {
    const fitting = operator.length > 1 && operator !== "==" ? operator[1] : null;
    throw scanner.source.misfit(
      start,
      `\`${operator}\` does not stand here`,
      fitting === null ? "the number itself" : `${fitting}=`,
    );
  }
  scanner.take(operator);
  const at = scanner.at;
  const quantity = toQuantity(scanner, subject, at, textOf(scanner.takeWord()));
  return Object.freeze({ kind: "compare", operator: operator as CompareOperator, quantity });
}

/** `[a TO b]`; `*` in the place of one end leaves it open. */
function parseRange(scanner: Scanner, subject: Subject): Match {
  const start = scanner.at;
  if (subject.kind !== "number") {
    throw scanner.source.misfit(
      start,
      `a range is for numbers, and ${subject.name} is none`,
      `${fittingValue(subject)}; between quotes if it begins with [`,
    );
  }
  scanner.take("[");
  const min = parseBound(scanner, subject);
  scanner.skipSpace();
  const to = scanner.at;
  if (scanner.takeBound().toUpperCase() !== "TO") {
    throw scanner.source.misfit(to, "no TO in the range", "a range such as [8000 TO 8999]");
  }
  const max = parseBound(scanner, subject);
  scanner.skipSpace();
  if (!scanner.take("]")) throw scanner.source.misfit(scanner.at, "the range has no end", "]");
  if (min === null) return max === null ? KNOWN : compare("<=", max);
  if (max === null) return compare(">=", min);
  if (quantityValue(min, subject.units) > quantityValue(max, subject.units)) {
    throw scanner.source.misfit(start, "the range is empty", "the smaller number first");
  }
  return Object.freeze({ kind: "range", min, max });
}

function parseBound(scanner: Scanner, subject: Subject & { readonly kind: "number" }): Quantity | null {
  scanner.skipSpace();
  const at = scanner.at;
  const text = scanner.takeBound();
  return text === "*" ? null : toQuantity(scanner, subject, at, text);
}

function compare(operator: CompareOperator, quantity: Quantity): Match {
  return Object.freeze({ kind: "compare", operator, quantity });
}

function toQuantity(
  scanner: Scanner,
  subject: Subject & { readonly kind: "number" },
  at: number,
  text: string,
): Quantity {
  const quantity = parseQuantity(text, subject.units);
  if (quantity !== null && quantityValue(quantity, subject.units) <= subject.max) return quantity;
  const [, low, high] = /^(\d{1,16})(?:-|\.\.)(\d{1,16})$/.exec(text) ?? [];
  throw scanner.source.misfit(
    at,
    text === "" ? "no number here" : `found ${quoteInput(text)}`,
    low === undefined ? fittingValue(subject) : `a range as [${low} TO ${high}]`,
  );
}

function textOf(word: readonly Piece[]): string {
  return word.map((piece) => piece.text).join("");
}
