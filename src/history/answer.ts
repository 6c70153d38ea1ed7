import { parseGroupBy } from "../query/group-by.ts";
import { parseFilter } from "../query/parse-filter.ts";
import type { TagNames } from "../query/tag-names.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { checkWindow } from "../store/check-window.ts";
import type { Store } from "../store/store.ts";
import { type Coverage, readCoverage } from "./coverage.ts";
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
  const { windows, hasMore } = await store.query({ ...period, groupBy, filter });
  const stepMs = question.stepMs ?? question.untilMs - question.sinceMs;
  const coverage = await readCoverage(store, period, stepMs, hostCountOf(windows[0]));
  if (coverage === null) return { windows, hasMore, hosts: [] };
  return {
    windows: windows.map((window, index) => measured(window, coverage.windows[index])),
    hasMore,
    hosts: coverage.hosts,
  };
}

function measured(window: Snapshot, found: Coverage["windows"][number] | undefined): Snapshot {
  const { hosts = [], coveredMs = 0 } = found ?? {};
  // rows of a host that nobody saw report are rows all the same
  if (hosts.length === 0 && window.flows.length > 0) return window;
  const [only] = hosts;
  const host = hosts.length === 1 && only !== undefined ? only : `${hosts.length} hosts`;
  return Object.freeze({ ...window, host, interval_ms: coveredMs });
}

/** The store names one host, and counts several. */
function hostCountOf(window: Snapshot | undefined): number {
  const count = /^(\d+) hosts$/.exec(window?.host ?? "")?.[1];
  return count === undefined ? 1 : Number(count);
}
