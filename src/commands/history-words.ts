import { isWholeView } from "../flow/tags.ts";
import type { HistoryAnswer, Period } from "../history/history.ts";
import { formatTime } from "../history/period.ts";
import { formatStep } from "../history/step.ts";
import { formatWindow } from "../view/format.ts";
import type { Reporters } from "../view/history/header.ts";
import { rowTagRefs, tagValue } from "../view/tag-columns.ts";
import { formatSafe } from "../view/text.ts";

const DAY_MS = 86_400_000;

/** So long ago it is looked for what there is; an intake keeps five days unless it is told otherwise. */
const KEPT_MS = 31 * DAY_MS;

/** Clocks further apart than this make a difference to what a time means. */
const SKEW_MS = 30_000;

/** Intervals without a report after which a host is called silent. */
const SILENT_AFTER = 2.5;

export interface NoteSources {
  readonly answer?: HistoryAnswer;
  readonly stepMs?: number;
  readonly clockAheadMs?: number | null;
  readonly place?: string;
}

/** What somebody who reads the numbers should know, a line each. */
export function notesOf({ answer, stepMs, clockAheadMs = null, place = "" }: NoteSources): readonly string[] {
  const notes: string[] = [];
  if (clockAheadMs !== null && Math.abs(clockAheadMs) > SKEW_MS) {
    const side = clockAheadMs > 0 ? "ahead of" : "behind";
    notes.push(
      `the clock of ${place} is ${formatWindow(Math.abs(clockAheadMs))} ${side} this host's: --since and --until are by the clock of this host, reports by those of their hosts`,
    );
  }
  if (answer === undefined) return notes;
  if (answer.hasMore) {
    const which =
      stepMs === undefined
        ? "those with the least traffic are"
        : "the last windows are not whole, their rows";
    notes.push(
      `more rows than an answer takes: ${which} left out; fewer tags, a filter${stepMs === undefined ? "" : ", a longer step"} or a shorter time give all`,
    );
  }
  const longest = Math.max(0, ...answer.hosts.map(({ interval_ms }) => interval_ms));
  if (stepMs !== undefined && longest > stepMs * 1.2) {
    notes.push(
      `hosts report every ${formatWindow(longest)}: of shorter steps some have no report and the others more than their own time; --step auto, or longer than ${formatStep(stepMs)}`,
    );
  }
  return [...notes, ...unknownTags(answer)];
}

/** Columns in which nobody has a value. */
function unknownTags({ windows }: HistoryAnswer): readonly string[] {
  const [first] = windows;
  const flows = windows.flatMap((window) => window.flows);
  if (first === undefined || flows.length === 0 || isWholeView(first.group_by)) return [];
  const unknown = rowTagRefs(first).filter((ref) => flows.every((flow) => tagValue(flow, ref) === null));
  const lost = unknown.filter((ref) => /(?:^|\.)(?:pid|label\..*)$/.test(ref));
  return lost.length === 0
    ? []
    : [`${lost.map(formatSafe).join(", ")}: forwarded snapshots have neither pid nor labels`];
}

/** What somebody who found nothing could ask for instead. */
export async function whatIsKept(
  ask: (period: Period, groupBy: string) => Promise<HistoryAnswer>,
  { untilMs }: Period,
): Promise<string> {
  const nowMs = Math.max(Date.now(), untilMs);
  const { hosts } = await ask({ sinceMs: nowMs - KEPT_MS, untilMs: nowMs + 3_600_000 }, "source.host");
  const [only] = hosts;
  if (only === undefined)
    return `nothing is kept there of the last ${KEPT_MS / DAY_MS} days: does \`npmon forward\` run?`;
  const first = Math.min(...hosts.map((host) => Date.parse(host.first)));
  const last = Math.max(...hosts.map((host) => Date.parse(host.last)));
  const who = hosts.length === 1 ? `host ${only.host}` : `${hosts.length} hosts`;
  return `kept there: reports of ${who} from about ${formatTime(first)} to ${formatTime(last)}`;
}

/** Who reported, and who stopped before the period was over. */
export function reportersOf({ hosts }: HistoryAnswer, { untilMs }: Period): Reporters {
  const silent = hosts.flatMap(({ host, last, interval_ms }) => {
    const endMs = Date.parse(last) + interval_ms;
    const isLate = Date.parse(last) + SILENT_AFTER * interval_ms < untilMs;
    return isLate ? [{ name: host, since: shortTime(endMs, untilMs) }] : [];
  });
  const names = hosts.map(({ host }) => host);
  return { names, silent };
}

function shortTime(ms: number, untilMs: number): string {
  const iso = new Date(ms).toISOString();
  const isSameDay = iso.slice(0, 10) === new Date(untilMs).toISOString().slice(0, 10);
  return isSameDay ? iso.slice(11, 16) : `${iso.slice(5, 10)} ${iso.slice(11, 16)}`;
}
