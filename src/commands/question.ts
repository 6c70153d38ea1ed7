import type { Config } from "../config/config.ts";
import type { Question } from "../monitor/question.ts";
import { allOf, type Filter } from "../query/filter.ts";
import { type GroupBy, parseGroupBy } from "../query/group-by.ts";
import { parseFilter } from "../query/parse-filter.ts";
import type { TagNames } from "../query/tag-names.ts";

/** The flags that say what is asked, as they were typed. */
export interface QuestionFlags {
  readonly "group-by"?: string | undefined;
  readonly filter?: string | undefined;
  readonly pid?: number | undefined;
  readonly ipv4?: boolean | undefined;
  readonly ipv6?: boolean | undefined;
}

/**
 * What the flags ask of this host; the configuration says what can be asked, and the group-by where no flag does.
 * @throws NpmonError `usage` with the column where the group-by or the filter went wrong
 */
export function questionOf(flags: QuestionFlags, config: Pick<Config, "groupBy" | "names">): Question {
  const { groupBy, filter } = recordedQuestion(flags, config.names);
  return { groupBy: groupBy ?? config.groupBy, filter };
}

/**
 * What the flags ask of saved snapshots. `groupBy` is `null` where the rows are to stay as they are.
 * @throws NpmonError `usage`
 */
export function recordedQuestion(
  flags: QuestionFlags,
  names: TagNames,
): { readonly groupBy: GroupBy | null; readonly filter: Filter | null } {
  const groupBy = flags["group-by"];
  return {
    groupBy: groupBy === undefined ? null : parseGroupBy(groupBy, names),
    filter: filterOf(flags, names),
  };
}

/** `-p`, `-4` and `-6` are short for terms of the filter. */
export function filterOf(flags: Omit<QuestionFlags, "group-by">, names: TagNames): Filter | null {
  const parts = [
    parseFilter(flags.filter ?? "", { names }),
    flags.pid === undefined ? null : parseFilter(`source.pid:${flags.pid}`),
    flags.ipv4 ? parseFilter("family:ipv4") : null,
    flags.ipv6 ? parseFilter("family:ipv6") : null,
  ].filter((part): part is Filter => part !== null);
  return parts.length === 0 ? null : allOf(parts);
}

/** The same as a text, for one who parses it elsewhere; `-4` and `-6` stand beside the whole of it. */
export function filterTextOf({ filter = "", ipv4, ipv6 }: QuestionFlags): string {
  const family = ipv4 ? "family:ipv4" : ipv6 ? "family:ipv6" : "";
  if (family === "" || filter.trim() === "") return filter.trim() === "" ? family : filter;
  return `(${filter}) ${family}`;
}
