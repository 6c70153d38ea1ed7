import type { Store } from "../store/store.ts";
import { type HostReport, MAX_HOSTS, type Period } from "./history.ts";

/** Parts of the period in which it is looked who reported. */
const PIECES = 1000;
/** Rows that may be asked for, one a host and piece. */
const MAX_ROWS = 90_000;
const MIN_PIECE_MS = 1000;

/** So far is looked back, where the period is shorter, for how often hosts report. */
const LOOKBACK_MS = 1_800_000;

/** A report later than this many intervals has a gap before it. */
const LATE = 1.5;

export interface Coverage {
  readonly hosts: readonly HostReport[];
  /** For each window the hosts that reported, by name, and the time that they measured, ms. */
  readonly windows: readonly { readonly hosts: readonly string[]; readonly coveredMs: number }[];
}

/** One host: in which pieces its snapshots began, and how many pieces each of them covers. */
interface Spans {
  readonly host: string;
  readonly starts: readonly number[];
  readonly lengths: readonly number[];
  readonly interval: number | null;
}

/**
 * Who reported when. The store sums rows and has no word for that, so it is asked for the rows of each host in many
 * short windows: when they began is known to a piece. Null when there are too many hosts for that.
 *
 * @param hostCount - how many reported, as the store says it
 */
export async function readCoverage(
  store: Pick<Store, "query">,
  { sinceMs, untilMs }: Period,
  stepMs: number,
  hostCount: number,
): Promise<Coverage | null> {
  const windowCount = Math.ceil((untilMs - sinceMs) / stepMs);
  const pieces = Math.min(PIECES, Math.floor(MAX_ROWS / Math.max(1, hostCount)));
  const pieceMs =
    windowCount === 1
      ? Math.max(MIN_PIECE_MS, Math.ceil(stepMs / pieces))
      : pieceOf(stepMs, Math.max(1, Math.floor(pieces / windowCount)));
  const back = Math.ceil(Math.max(0, LOOKBACK_MS - (untilMs - sinceMs)) / pieceMs);
  const fromMs = sinceMs - back * pieceMs;
  const answer = await store.query({
    sinceMs: fromMs,
    untilMs,
    groupBy: [{ end: "source", tag: "host" }],
    filter: null,
    stepMs: pieceMs,
  });
  if (answer.hasMore) return null;
  const starts = new Map<string, number[]>();
  answer.windows.forEach(({ flows }, piece) => {
    for (const { source } of flows) {
      const host = String(source?.host ?? "N/A");
      const known = starts.get(host) ?? [];
      known.push(piece);
      starts.set(host, known);
    }
  });
  const all = [...starts].map(([host, own]) => spansOf(host, own));
  const asked = all.map((spans) => within(spans, back)).filter(({ starts: own }) => own.length > 0);
  const perWindow = Math.ceil(stepMs / pieceMs);
  const atMs = (piece: number) => new Date(fromMs + piece * pieceMs).toISOString();
  return {
    hosts: asked
      .map(({ host, starts: own, interval }) => ({
        host,
        first: atMs(own[0] ?? 0),
        last: atMs(own.at(-1) ?? 0),
        interval_ms: interval === null ? null : Math.round(interval * pieceMs),
      }))
      .sort((a, b) => (a.host < b.host ? -1 : 1))
      .slice(0, MAX_HOSTS),
    windows: Array.from({ length: windowCount }, (_, window) =>
      coverWindow(asked, back + window * perWindow, perWindow, pieceMs),
    ),
  };
}

/** A whole part of the step, so that no piece is in two windows. */
function pieceOf(stepMs: number, wanted: number): number {
  for (let parts = wanted; parts > 1; parts--) {
    if (stepMs % parts === 0 && stepMs / parts >= MIN_PIECE_MS) return stepMs / parts;
  }
  return stepMs;
}

function spansOf(host: string, starts: readonly number[]): Spans {
  const distances = starts.slice(1).map((start, index) => start - (starts[index] ?? 0));
  const interval = median(distances);
  const lengths = starts.map((_, index) => {
    const distance = distances[index];
    if (interval === null) return null;
    return distance === undefined || distance > interval * LATE ? interval : distance;
  });
  // one report alone: nobody knows how long it was
  return { host, starts, interval, lengths: lengths.map((length) => length ?? Number.NaN) };
}

function within({ host, starts, lengths, interval }: Spans, from: number): Spans {
  const first = starts.findIndex((start) => start >= from);
  const kept = first < 0 ? starts.length : first;
  return { host, interval, starts: starts.slice(kept), lengths: lengths.slice(kept) };
}

/**
 * The time that was measured by snapshots that began in the window. Hosts take turns or report side by side: it is what
 * all of them cover together, but not more than a window where each covers no more than that.
 */
function coverWindow(
  all: readonly Spans[],
  from: number,
  count: number,
  pieceMs: number,
): { readonly hosts: readonly string[]; readonly coveredMs: number } {
  const hosts: string[] = [];
  const covered: (readonly [start: number, end: number])[] = [];
  let longest = 0;
  for (const { host, starts, lengths } of all) {
    let sum = 0;
    const before = covered.length;
    for (let index = firstAtLeast(starts, from); index < starts.length; index++) {
      const start = starts[index] ?? 0;
      if (start >= from + count) break;
      const length = lengths[index] ?? Number.NaN;
      sum += Number.isNaN(length) ? count : length;
      covered.push([start, start + (Number.isNaN(length) ? count : length)]);
    }
    if (covered.length === before) continue;
    hosts.push(host);
    longest = Math.max(longest, sum);
  }
  const together = Math.min(unionOf(covered), Math.max(count, longest));
  return { hosts: hosts.sort(), coveredMs: Math.round(together * pieceMs) };
}

function unionOf(spans: readonly (readonly [start: number, end: number])[]): number {
  let sum = 0;
  let reached = Number.NEGATIVE_INFINITY;
  for (const [start, end] of spans.toSorted((a, b) => a[0] - b[0])) {
    sum += Math.max(0, end - Math.max(start, reached));
    reached = Math.max(reached, end);
  }
  return sum;
}

function firstAtLeast(sorted: readonly number[], least: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}
