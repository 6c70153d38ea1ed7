import { HOUR_MS, type Partitions } from "./partitions.ts";
import type { RawHours } from "./resolve-sql.ts";
import type { StoreQuery } from "./store.ts";
import { BUCKET_MS, BY_BUCKET, BY_HOUR, BY_HOUR_ALL, rawHours, type SummaryLevel } from "./summaries.ts";

/** Files from which a question is answered. */
export interface Sources {
  readonly raw: RawHours;
  /** One list a level. */
  readonly summaries: readonly (readonly string[])[];
  /** With the reports of the window, and perhaps others. */
  readonly reports: readonly string[];
}

/** For each hour the coarsest files that tell what is asked; at the edges of the window and of its steps the rows themselves. */
export function chooseSources(
  query: StoreQuery,
  columns: ReadonlySet<string>,
  partitions: Partitions,
): Sources {
  const fitting = [BY_HOUR, BY_BUCKET, BY_HOUR_ALL].filter((level) => isWithin(columns, level.columns));
  const found = new Map<SummaryLevel, string[]>();
  const raw: number[] = [];
  for (const hour of partitions.hours) {
    if (hour + HOUR_MS <= query.sinceMs || hour >= query.untilMs) continue;
    const usable = fitting.filter(({ grainMs }) => dividesWindow(query, hour, grainMs));
    const level = usable.find(({ letter }) => partitions.summary(hour, letter) !== null);
    const path = level === undefined ? null : partitions.summary(hour, level.letter);
    if (level === undefined || path === null) raw.push(hour);
    else found.set(level, [...(found.get(level) ?? []), path]);
  }
  const rows = rawHours(partitions, raw);
  const summaries = [...found.values()];
  return { raw: rows, summaries, reports: [...rows.files, ...summaries.flat()] };
}

function isWithin(columns: ReadonlySet<string>, wider: ReadonlySet<string>): boolean {
  for (const name of columns) if (!wider.has(name)) return false;
  return true;
}

/** Whether every piece of the hour is all in one step of the window, or not in it at all. */
function dividesWindow({ sinceMs, untilMs, stepMs }: StoreQuery, hourMs: number, grainMs: number): boolean {
  const isBorder = (ms: number) => ms % grainMs === 0 || ms < hourMs || ms > hourMs + HOUR_MS;
  if (!isBorder(sinceMs) || !isBorder(untilMs)) return false;
  if (stepMs === undefined) return true;
  const first = Math.max(0, Math.ceil((hourMs - sinceMs) / stepMs));
  for (let at = sinceMs + first * stepMs; at < Math.min(untilMs, hourMs + HOUR_MS); at += stepMs) {
    if (at % grainMs !== 0) return false;
    // short steps come around soon
    if (stepMs < BUCKET_MS) return false;
  }
  return true;
}
