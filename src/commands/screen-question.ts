import { NpmonError } from "../error/error.ts";
import type { Question } from "../monitor/question.ts";
import { completeQuestion } from "../query/complete-question.ts";
import { allOf, type Filter, KNOWN, noneOf } from "../query/filter.ts";
import { formatText } from "../query/format-filter.ts";
import { parseGroupBy } from "../query/group-by.ts";
import { parseFilter } from "../query/parse-filter.ts";
import { QueryError } from "../query/query-text.ts";
import { BUILT_IN_NAMES, type TagNames } from "../query/tag-names.ts";
import {
  FIT,
  type Pin,
  type QuestionPort,
  type Question as ScreenQuestion,
  type Verdict,
} from "../view/tui/question.ts";
import { filterOf, type QuestionFlags } from "./question.ts";

/** How messages name the line in which a filter is typed. */
const PLACE = "filter";

/**
 * What the screen asks, as the monitor and recordings understand it. Of the flags, `-p`, `-4` and `-6` hold whatever is
 * asked on the screen.
 * @throws NpmonError `usage`
 */
export function resolveQuestion(
  flags: QuestionFlags,
  { groupBy, filter, pins }: ScreenQuestion,
  names: TagNames = BUILT_IN_NAMES,
): Question {
  const { pid, ipv4, ipv6 } = flags;
  const parts = [
    filterOf({ pid, ipv4, ipv6 }, names),
    parseFilter(filter, { place: PLACE, names }),
    ...pins.map((pin) => pinFilter(pin, names)),
  ].filter((part): part is Filter => part !== null);
  return {
    groupBy: parseGroupBy(groupBy.join(","), names),
    filter: parts.length === 0 ? null : allOf(parts),
  };
}

function pinFilter({ values, isExcluded }: Pin, names: TagNames): Filter {
  const terms = values.map(({ tag, value }): Filter => {
    const [ref] = parseGroupBy(tag, names);
    if (ref === undefined || typeof ref === "string") throw new RangeError(`${tag} is no tag`);
    // What is not known fits no term.
    if (value === null) return noneOf({ kind: "tag", asked: ref, values: [KNOWN] });
    const term = parseFilter(`${tag}:${formatText(String(value))}`, { names });
    if (term === null) throw new RangeError(`${tag} is no term`);
    return term;
  });
  return isExcluded ? noneOf(allOf(terms)) : allOf(terms);
}

/** What the line of filters needs to know of the language. */
export function createLanguage(
  names: () => TagNames,
): Required<Pick<QuestionPort, "checkFilter" | "completeFilter">> {
  return {
    checkFilter: (text) => judge(() => parseFilter(text, { place: PLACE, names: names() })),
    completeFilter: (text, cursor, valuesOf) => completeQuestion("filter", text, cursor, valuesOf, names()),
  };
}

/** Does it, and says whether it could be done. Faults of npmon itself are thrown on. */
export function judge(action: () => void): Verdict {
  try {
    action();
    return FIT;
  } catch (error) {
    if (!(error instanceof NpmonError)) throw error;
    return {
      isFit: false,
      message: error.message,
      column: error instanceof QueryError ? error.column : null,
    };
  }
}
