import { isIP } from "node:net";
import { parseNetwork } from "./address.ts";
import type { Match, Term } from "./filter.ts";
import { isMeasure, MEASURE_NAMES } from "./measures.ts";
import type { QueryError } from "./query-text.ts";
import { echoInput, quoteInput } from "./quote.ts";
import type { Scanner } from "./scanner.ts";
import { fittingValue, measureSubject, type Subject, tagSubject } from "./subject.ts";
import { type AskedTag, looksLikeTag, resolveTag, type TagNames, type Word } from "./tag-names.ts";
import { parseValue, toTextMatch } from "./value.ts";

export interface TermContext {
  readonly names: TagNames;
  /** Of one endpoint: no ends, no tags of the flow, no measures. */
  readonly ofEndpoint: boolean;
}

export interface ParsedTerm {
  readonly filter: Term;
  readonly hasTag: boolean;
  /** The first measure in it, for who may have none there. */
  readonly measure: Word | null;
}

const FITTING_TERM = "a term such as service:web or port:443";

/** The operator that stands here; in lower case it could be meant as a word to look for, so that is refused. */
export function peekKeyword(scanner: Scanner): "AND" | "OR" | "NOT" | null {
  const run = scanner.peekRun();
  if (run === "AND" || run === "OR" || run === "NOT") return run;
  if (run.length > 3 || !/^(?:and|or|not|&&|\|\|)$/i.test(run)) return null;
  const upper = run === "&&" ? "AND" : run === "||" ? "OR" : run.toUpperCase();
  throw scanner.misfit(
    `${quoteInput(run)} is not an operator`,
    `${upper}, or "${run}" between quotes for a thing of that name`,
  );
}

/** One term without what negates it, up to the gap behind it. */
export function parseTerm(scanner: Scanner, context: TermContext): ParsedTerm {
  const at = scanner.at;
  const keyword = peekKeyword(scanner);
  if (scanner.atGap || scanner.peek() === "," || keyword !== null) {
    const found = scanner.atEnd ? "the filter ends" : `found ${quoteInput(keyword ?? scanner.peek())}`;
    throw scanner.misfit(found, FITTING_TERM);
  }
  const run = scanner.peekRun();
  const colon = run.indexOf(":");
  if (run.startsWith("!")) throw scanner.misfit("`!` does not stand here", "- or NOT before a term");
  if (parseNetwork(run) !== null) return parseWord(scanner);
  if (colon >= 0) {
    scanner.at += colon;
    return parseNamed(scanner, context, { text: run.slice(0, colon), at });
  }
  if (!run.endsWith("label.")) return parseWord(scanner);
  scanner.at += run.length;
  // the one kind of name that others choose, who may have put anything into it
  const label = scanner.peek() === '"' ? scanner.takeQuoted('"').text : "";
  return parseNamed(scanner, context, { text: run + label, at });
}

function parseNamed(scanner: Scanner, context: TermContext, name: Word): ParsedTerm {
  const ofMeasure = isMeasure(name.text);
  const asked = ofMeasure ? null : resolveName(scanner, context, name);
  if (asked === null && context.ofEndpoint) {
    throw misfitEndpoint(scanner, name, "it is counted for rows", "a tag such as service, ip or port");
  }
  if (!scanner.take(":")) throw scanner.misfit("a tag without a value", ": and then a value");
  const values = parseValues(
    scanner,
    asked === null ? measureSubject(name.text) : tagSubject(asked, name.text),
  );
  endTerm(scanner);
  if (asked === null) {
    const filter: Term = Object.freeze({ kind: "measure", measure: name.text, values });
    return { filter, hasTag: false, measure: name };
  }
  return { filter: Object.freeze({ kind: "tag", asked, values }), hasTag: true, measure: null };
}

function resolveName(scanner: Scanner, { names, ofEndpoint }: TermContext, name: Word): AskedTag {
  const { text, at } = name;
  if (isIP(text) !== 0) {
    const fitting = `two terms, destination.ip:${text} destination.port:443`;
    throw scanner.source.misfit(at, "an address with a port", fitting);
  }
  if (text === "") throw scanner.source.misfit(at, "no tag before the colon", "a tag, as in port:443");
  const asked = resolveTag(scanner.source, name, names, ofEndpoint ? [] : MEASURE_NAMES);
  if (!ofEndpoint || asked.end === "any") return Object.freeze(asked);
  const [why, fitting] =
    asked.end === "flow"
      ? ["it belongs to the flow", "a tag such as service, ip or port"]
      : ["there is no other end", `${echoInput(asked.tag)} without a prefix`];
  throw misfitEndpoint(scanner, name, why, fitting);
}

function misfitEndpoint(scanner: Scanner, { text, at }: Word, why: string, fitting: string): QueryError {
  return scanner.source.misfit(at, `${quoteInput(text)} cannot be asked of one endpoint: ${why}`, fitting);
}

/** `80`, `80,443` or `(80 OR 443)`. */
function parseValues(scanner: Scanner, subject: Subject): readonly Match[] {
  if (scanner.peek() === "(") return parseGroup(scanner, subject);
  const values = [parseValue(scanner, subject)];
  while (scanner.take(",")) {
    if (/\s/.test(scanner.peek())) throw scanner.misfit("a space in a list of values", fittingValue(subject));
    values.push(parseValue(scanner, subject));
  }
  return Object.freeze(values);
}

function parseGroup(scanner: Scanner, subject: Subject): readonly Match[] {
  const start = scanner.at;
  const values: Match[] = [];
  scanner.take("(");
  do {
    scanner.skipSpace();
    values.push(parseValue(scanner, subject));
    scanner.skipSpace();
  } while (takeOr(scanner));
  if (scanner.take(")")) return Object.freeze(values);
  if (scanner.atEnd) throw scanner.source.misfit(start, "this ( has no )", "a ) behind the last value");
  throw scanner.misfit("no OR between two values", "OR or )");
}

function takeOr(scanner: Scanner): boolean {
  if (scanner.take(",")) return true;
  return peekKeyword(scanner) === "OR" && scanner.take("OR");
}

function parseWord(scanner: Scanner): ParsedTerm {
  const at = scanner.at;
  const word = scanner.takeWord();
  const [first, second] = word;
  if (first?.quoted && second?.quoted === false && second.text.startsWith(":")) {
    throw scanner.source.misfit(
      at,
      "a tag between quotes",
      'quotes around the value only, as in service:"a b"',
    );
  }
  const plain = word.length === 1 && first?.quoted === false ? first.text : null;
  if (plain !== null) refuseWord(scanner, at, plain);
  const network = plain === null ? null : parseNetwork(plain);
  const value =
    network === null ? toTextMatch(scanner, at, word) : Object.freeze({ kind: "network" as const, network });
  if (value.kind === "known")
    throw scanner.source.misfit(at, "* alone fits everything", "a tag before it, as in pod:*");
  endTerm(scanner);
  return { filter: Object.freeze({ kind: "word", value }), hasTag: true, measure: null };
}

/** What would be looked for as a name, though hardly anybody can mean that. */
function refuseWord(scanner: Scanner, at: number, word: string): void {
  const { source } = scanner;
  if (/^\d+$/.test(word)) {
    const number = quoteInput(word);
    throw source.misfit(
      at,
      "a number alone",
      `port:${echoInput(word)}, pid:${echoInput(word)}, or ${number} between quotes for a name`,
    );
  }
  const [, name, operator, value] = /^([\w.]+)([<>]=?|=)(.*)$/s.exec(word) ?? [];
  if (name !== undefined) {
    const fitting = operator === "=" ? `${name}:${value}` : `${name}:${operator}${value}`;
    throw source.misfit(at, "a tag and a value without a colon", quoteInput(fitting));
  }
  if (looksLikeTag(word)) {
    throw source.misfit(
      at,
      "a tag without a value",
      `${word}:VALUE, or ${quoteInput(word)} between quotes for a name`,
    );
  }
  if (word.startsWith("["))
    throw source.misfit(at, "a range without a tag", "a tag before it, as in port:[1 TO 1023]");
}

function endTerm(scanner: Scanner): void {
  const next = scanner.peek();
  if (scanner.atEnd || next === ")" || /\s/.test(next)) return;
  const fitting =
    next === ","
      ? "a space; a list of values belongs to a tag, as in port:80,443"
      : 'a space, or quotes around a value that has such a character in it, as in "(sd-pam)"';
  throw scanner.misfit(`found ${quoteInput(next)} in a term`, fitting);
}
