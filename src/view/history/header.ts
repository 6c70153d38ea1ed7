import type { Snapshot } from "../../snapshot/snapshot.ts";
import { formatCount, formatWindow } from "../format.ts";
import type { Paint } from "../paint.ts";
import { type Fact, formatTimes } from "../status.ts";
import { formatSafe, textWidth, truncateEnd } from "../text.ts";

/** Who the rows are from. */
export interface Reporters {
  /** By name. */
  readonly names: readonly string[];
  /** Those that stopped reporting before the period was over. */
  readonly silent: readonly { readonly name: string; readonly since: string }[];
}

const SHOWN_HOSTS = 4;
const SHOWN_SILENT = 3;

/** A share of the period that may be unreported before it is worth a word: the last report is always on its way. */
const ENOUGH = 0.98;

export function describeReporters({ names }: Reporters): string {
  const [only] = names;
  if (only === undefined) return "no host";
  if (names.length === 1) return `host ${formatSafe(only)}`;
  const shown = names.slice(0, SHOWN_HOSTS).map(formatSafe).join(", ");
  const more = names.length > SHOWN_HOSTS ? ` and ${names.length - SHOWN_HOSTS} more` : "";
  return `${names.length} hosts: ${shown}${more}`;
}

/** `2026-01-31 14:00:00 to 15:00:00 UTC (60 min)` */
export function describePeriod({ start, end }: Pick<Snapshot, "start" | "end">): string {
  return `${formatTimes(start, end)} (${formatWindow(Date.parse(end) - Date.parse(start))})`;
}

/** What is missing from the numbers, and how much of the time they are of. */
export function describeCompleteness(snapshot: Snapshot, { silent }: Reporters): readonly Fact[] {
  const { probe, interval_ms } = snapshot;
  const facts: Fact[] = [{ text: `lost ${formatCount(probe.lost)}`, isTrouble: probe.lost > 0 }];
  const periodMs = Date.parse(snapshot.end) - Date.parse(snapshot.start);
  if (interval_ms > 0 && interval_ms < periodMs * ENOUGH) {
    facts.push({
      text: `reported ${formatWindow(interval_ms)} of it, rates are of that`,
      isTrouble: interval_ms < periodMs / 2,
    });
  }
  if (silent.length > 0) {
    const shown = silent.slice(0, SHOWN_SILENT).map(({ name, since }) => `${formatSafe(name)} ${since}`);
    const more = silent.length > SHOWN_SILENT ? ` and ${silent.length - SHOWN_SILENT} more` : "";
    facts.push({ text: `no report after: ${shown.join(", ")}${more}`, isTrouble: true });
  }
  return facts;
}

const GAP = "  ";

/** The facts on as many lines as it takes, those after the first one indented. */
export function joinFacts(
  facts: readonly Fact[],
  width: number | undefined,
  paint: Paint,
  indent = "",
): readonly string[] {
  const lines: string[] = [];
  let room = width ?? Number.POSITIVE_INFINITY;
  for (const fact of facts) {
    const text = width === undefined ? fact.text : truncateEnd(fact.text, width - indent.length);
    const cell = fact.isTrouble ? paint.trouble(text) : text;
    room -= textWidth(text) + GAP.length;
    if (lines.length > 0 && room + GAP.length >= 0) lines.push(`${lines.pop()}${GAP}${cell}`);
    else {
      room = (width ?? Number.POSITIVE_INFINITY) - textWidth(text) - GAP.length;
      if (lines.length > 0) room -= indent.length;
      lines.push(lines.length === 0 ? cell : indent + cell);
    }
  }
  return lines;
}

export function plain(text: string): Fact {
  return { text, isTrouble: false };
}

/** The filter, on a line of its own; empty when nothing was filtered. */
export function describeFilter({ filter }: Snapshot): readonly (readonly Fact[])[] {
  return filter === null ? [] : [[plain(`filter: ${formatSafe(filter)}`)]];
}

/** Why there is no row. */
export function describeNothing(snapshot: Snapshot, { names }: Reporters): string {
  const when = formatTimes(snapshot.start, snapshot.end);
  if (names.length === 0) return `no host reported between ${when.replace(" to ", " and ")}`;
  const who = names.length === 1 ? "host" : "hosts";
  if (snapshot.filter !== null) return `no flow matched the filter in what ${names.length} ${who} reported`;
  return `${names.length} ${who} reported, and no traffic was seen`;
}
