import { allOf, anyOf, type Filter, noneOf } from "./filter.ts";
import { type ParsedTerm, parseTerm, peekKeyword, type TermContext } from "./parse-term.ts";
import { QueryText } from "./query-text.ts";
import { quoteInput } from "./quote.ts";
import { Scanner } from "./scanner.ts";
import { BUILT_IN_NAMES, type TagNames } from "./tag-names.ts";

/** In UTF-16 units. */
export const MAX_FILTER_UNITS = 65_536;
/** Brackets within brackets. */
export const MAX_DEPTH = 64;

export interface FilterOptions {
  /** As it begins messages; default `--filter`. */
  readonly place?: string;
  /** What can be asked; default: what there is without a configuration. */
  readonly names?: TagNames;
  /**
   * `flow`: of flows, and of the rows made of them. `endpoint`: of one endpoint, as the rules of a configuration do, so
   * without ends, tags of the flow and measures. Default `flow`.
   */
  readonly scope?: "flow" | "endpoint";
}

/**
 * The question language, `source.service:web* AND (port:443 OR destination.ip:10.0.0.0/8) -process:curl rtt:>10ms`.
 * Takes time and memory by the length of the text, whatever it is.
 *
 * @returns frozen; `null` for a text of spaces only, which asks nothing
 * @throws QueryError with the column where it went wrong and what would fit there
 */
export function parseFilter(text: string, options: FilterOptions = {}): Filter | null {
  const source = new QueryText(text, options.place ?? "--filter");
  if (text.length > MAX_FILTER_UNITS) {
    throw source.misfit(MAX_FILTER_UNITS, "the filter is too long", `at most ${MAX_FILTER_UNITS} characters`);
  }
  const { names = BUILT_IN_NAMES, scope = "flow" } = options;
  return new Parser(new Scanner(source), { names, ofEndpoint: scope === "endpoint" }).parse();
}

/** A part of the filter, of one term or more. */
type Parsed = Omit<ParsedTerm, "filter"> & { readonly filter: Filter };

/** `or` of `and` of terms: the part of the grammar that nests. */
class Parser {
  readonly #scanner: Scanner;
  readonly #context: TermContext;
  #depth = 0;

  constructor(scanner: Scanner, context: TermContext) {
    this.#scanner = scanner;
    this.#context = context;
  }

  parse(): Filter | null {
    const scanner = this.#scanner;
    scanner.skipSpace();
    if (scanner.atEnd) return null;
    const { filter } = this.#parseOr();
    if (!scanner.atEnd) throw scanner.misfit("there is no ( before this )", "the end, or another term");
    return filter;
  }

  #parseOr(): Parsed {
    const first = this.#parseAnd();
    const parts = [first];
    while (this.#takeKeyword("OR")) parts.push(this.#parseAnd());
    return parts.length === 1 ? first : this.#withoutMixture(combine(parts, anyOf), "OR");
  }

  #parseAnd(): Parsed {
    const first = this.#parseNot();
    const parts = [first];
    while (this.#takeKeyword("AND") || this.#atTerm()) parts.push(this.#parseNot());
    return parts.length === 1 ? first : combine(parts, allOf);
  }

  #atTerm(): boolean {
    return !this.#scanner.atEnd && this.#scanner.peek() !== ")" && peekKeyword(this.#scanner) !== "OR";
  }

  #parseNot(): Parsed {
    const scanner = this.#scanner;
    let negated = false;
    for (;;) {
      if (scanner.take("-")) {
        if (scanner.atGap && scanner.peek() !== "(") {
          throw scanner.misfit("nothing right after -", "a term, as in -process:curl");
        }
      } else if (!this.#takeKeyword("NOT")) break;
      negated = !negated;
    }
    const parsed = scanner.peek() === "(" ? this.#parseGroup() : parseTerm(scanner, this.#context);
    scanner.skipSpace();
    if (!negated) return parsed;
    return this.#withoutMixture({ ...parsed, filter: noneOf(parsed.filter) }, "NOT");
  }

  #parseGroup(): Parsed {
    const scanner = this.#scanner;
    const start = scanner.at;
    if (++this.#depth > MAX_DEPTH) {
      throw scanner.misfit(`more than ${MAX_DEPTH} brackets within brackets`, "a flatter filter");
    }
    scanner.take("(");
    scanner.skipSpace();
    if (scanner.peek() === ")") throw scanner.misfit("nothing between ( and )", "a term such as service:web");
    const parsed = this.#parseOr();
    if (!scanner.take(")")) {
      throw scanner.source.misfit(start, "this ( has no )", "a ) behind what it holds");
    }
    this.#depth--;
    return parsed;
  }

  #takeKeyword(keyword: "AND" | "OR" | "NOT"): boolean {
    if (peekKeyword(this.#scanner) !== keyword) return false;
    this.#scanner.take(keyword);
    this.#scanner.skipSpace();
    return true;
  }

  /** Tags choose flows and measures choose the rows made of those, so there are no flows or rows that `either` could mean. */
  #withoutMixture(parsed: Parsed, under: "OR" | "NOT"): Parsed {
    const { hasTag, measure } = parsed;
    if (!hasTag || measure === null) return parsed;
    throw this.#scanner.source.misfit(
      measure.at,
      `${quoteInput(measure.text)} is counted for a row, and tags choose what is in the row: they cannot share one ${under}`,
      under === "OR"
        ? `the measure beside the OR, as in (service:a OR service:b) ${measure.text}:>0`
        : `a NOT for each, as in -service:a -${measure.text}:>0`,
    );
  }
}

function combine(parts: readonly Parsed[], join: (filters: readonly Filter[]) => Filter): Parsed {
  return {
    filter: join(parts.map((part) => part.filter)),
    hasTag: parts.some((part) => part.hasTag),
    measure: parts.find((part) => part.measure !== null)?.measure ?? null,
  };
}
