import type { Question } from "../monitor/question.ts";
import { allOf, type Filter } from "../query/filter.ts";
import { type GroupBy, parseGroupBy } from "../query/group-by.ts";
import { parseFilter } from "../query/parse-filter.ts";
import type { TagNames } from "../query/tag-names.ts";

/** The flags that say what is asked. */
export interface QuestionFlags {
  readonly "group-by"?: GroupBy | undefined;
  readonly filter?: string | undefined;
  readonly pid?: number | undefined;
  readonly ipv4?: boolean | undefined;
  readonly ipv6?: boolean | undefined;
}

/**
 * What the flags ask: `-p`, `-4` and `-6` are short for terms of the filter.
 * @throws NpmonError `usage` with the column where the filter went wrong
 */
export function questionOf(flags: QuestionFlags, names?: TagNames): Question {
  const options = names === undefined ? {} : { names };
  const parts = [
    parseFilter(flags.filter ?? "", options),
    flags.pid === undefined ? null : parseFilter(`source.pid:${flags.pid}`),
    flags.ipv4 ? parseFilter("family:ipv4") : null,
    flags.ipv6 ? parseFilter("family:ipv6") : null,
  ].filter((part): part is Filter => part !== null);
  return {
    groupBy: flags["group-by"] ?? parseGroupBy("service"),
    filter: parts.length === 0 ? null : allOf(parts),
  };
}
