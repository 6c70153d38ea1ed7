import { NpmonError } from "../error/error.ts";
import type { Question } from "../monitor/question.ts";
import { allOf, type Filter, noneOf } from "../query/filter.ts";
import { formatText } from "../query/format-filter.ts";
import { parseGroupBy } from "../query/group-by.ts";
import { parseFilter } from "../query/parse-filter.ts";
import { QueryError } from "../query/query-text.ts";
import type { TagNames } from "../query/tag-names.ts";
import { FIT, type Pin, type Question as ScreenQuestion, type Verdict } from "../view/tui/question.ts";
import { filterOf, type QuestionFlags } from "./question.ts";

/** How messages name the line in which a filter is typed. */
const PLACE = "filter";

/**
 * What the screen asks, as the monitor and recordings understand it.
 * @param flags of which the screen changes group-by and filter and no others
 * @throws NpmonError `usage`
 */
export function parseScreenQuestion(
  { groupBy, filter, pins }: ScreenQuestion,
  { pid, ipv4, ipv6 }: QuestionFlags,
  names: TagNames,
): Question {
  const parts = [
    filterOf({ pid, ipv4, ipv6 }, names),
    parseFilter(filter, { place: PLACE, names }),
    ...pins.map((pin) => parsePin(pin, names)),
  ].filter((part): part is Filter => part !== null);
  return {
    groupBy: parseGroupBy(groupBy.join(","), names),
    filter: parts.length === 0 ? null : allOf(parts),
  };
}

/** What was pointed at, as a filter: the values of the row, or that they are not known. */
function parsePin({ values, isExcluded }: Pin, names: TagNames): Filter | null {
  const terms = values.map(({ tag, value }) => {
    if (value === null) return `-${tag}:*`;
    return `${tag}:${typeof value === "number" ? value : formatText(value)}`;
  });
  const all = parseFilter(terms.join(" "), { place: PLACE, names });
  return all !== null && isExcluded ? noneOf(all) : all;
}

/** Whether a text is a filter, and where not. */
export function checkFilter(text: string, names: TagNames): Verdict {
  return judge(() => void parseFilter(text, { place: PLACE, names }));
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
