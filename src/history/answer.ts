import { parseGroupBy } from "../query/group-by.ts";
import { parseFilter } from "../query/parse-filter.ts";
import type { TagNames } from "../query/tag-names.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { checkWindow } from "../store/check-window.ts";
import type { Store, WindowCoverage } from "../store/store.ts";
import type { HistoryAnswer, HistoryQuestion } from "./history.ts";

/**
 * What a store has to say, with who reported and for how long.
 * @throws NpmonError `usage` for a question that makes no sense
 */
export async function answerQuestion(
  store: Pick<Store, "query" | "coverage">,
  question: HistoryQuestion,
  names: TagNames,
): Promise<HistoryAnswer> {
  const period = checkWindow(question);
  const groupBy = parseGroupBy(question.groupBy, names);
  const filter = parseFilter(question.filter, { names });
  const { windows, hasMore } = await store.query({ ...period, groupBy, filter });
  const coverage = await store.coverage(period);
  const byStep = new Map(coverage.windows.map((window) => [window.step, window]));
  return {
    windows: windows.map((window, step) => measured(window, byStep.get(step))),
    hasMore,
    hosts: coverage.hosts.map(({ host, firstMs, lastMs, intervalMs }) => ({
      host,
      first: new Date(firstMs).toISOString(),
      last: new Date(lastMs).toISOString(),
      interval_ms: intervalMs,
    })),
  };
}

function measured(window: Snapshot, found: WindowCoverage | undefined): Snapshot {
  const { hostCount = 0, host = "", coveredMs = 0 } = found ?? {};
  return Object.freeze({
    ...window,
    host: hostCount === 1 ? host : `${hostCount} hosts`,
    interval_ms: coveredMs,
  });
}
