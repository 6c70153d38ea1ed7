import { parseGroupBy } from "../query/group-by.ts";
import { parseFilter } from "../query/parse-filter.ts";
import type { TagNames } from "../query/tag-names.ts";
import { checkWindow } from "../store/check-window.ts";
import type { Store } from "../store/store.ts";
import type { HistoryAnswer, HistoryQuestion } from "./history.ts";

/**
 * What a store has to say, with who reported and for how long.
 * @throws NpmonError `usage` for a question that makes no sense
 */
export async function answerQuestion(
  store: Pick<Store, "query">,
  question: HistoryQuestion,
  names: TagNames,
): Promise<HistoryAnswer> {
  const period = checkWindow(question);
  const groupBy = parseGroupBy(question.groupBy, names);
  const filter = parseFilter(question.filter, { names });
  const { windows, hasMore, hosts } = await store.query({ ...period, groupBy, filter });
  return {
    windows,
    hasMore,
    hosts: hosts.map(({ host, firstMs, lastMs, intervalMs }) => ({
      host,
      first: new Date(firstMs).toISOString(),
      last: new Date(lastMs).toISOString(),
      interval_ms: intervalMs,
    })),
  };
}
