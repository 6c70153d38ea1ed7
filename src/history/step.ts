import { NpmonError } from "../error/error.ts";
import { parseDuration } from "../query/duration.ts";
import type { HostReport, Period } from "./history.ts";

const STEP = { minMs: 1_000, maxMs: 3650 * 86_400_000, words: "1s to 3650d" } as const;

/** The most windows of a series. */
export const MAX_WINDOWS = 2_000;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Lengths that people count in, each a whole part of a day or some days. */
const NICE_STEPS: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((count) => count * DAY),
];

/**
 * `5m`, or `auto` for one that suits the period.
 * @throws NpmonError `usage`
 */
export function parseStep(text: string): number | "auto" {
  return text.trim() === "auto" ? "auto" : parseDuration(text, "--step", STEP);
}

/**
 * Long enough that there are not more windows than wanted and each has a report of its own.
 * @param hosts - those that reported in the period
 * @param most - windows that there is room for
 */
export function chooseStep({ sinceMs, untilMs }: Period, hosts: readonly HostReport[], most: number): number {
  // hosts do not begin when windows do: with two intervals in each, none is without a report
  const reported = Math.max(0, ...hosts.map(({ interval_ms }) => interval_ms)) * 2;
  const least = Math.max((untilMs - sinceMs) / most, Math.min(reported, (untilMs - sinceMs) / 6));
  return NICE_STEPS.find((step) => step >= least) ?? Math.ceil(least / DAY) * DAY;
}

/**
 * The period in whole windows: one that began some time ago begins with its first window then.
 * @throws NpmonError `usage` when there are more windows than anybody can look at
 */
export function alignPeriod(period: Period & { readonly isRelative: boolean }, stepMs: number): Period {
  const { sinceMs, untilMs, isRelative } = period;
  const aligned = isRelative ? Math.floor(sinceMs / stepMs) * stepMs : sinceMs;
  const windows = Math.ceil((untilMs - aligned) / stepMs);
  if (windows > MAX_WINDOWS) {
    const least = chooseAtLeast((untilMs - sinceMs) / MAX_WINDOWS);
    throw new NpmonError(
      "usage",
      `--step: ${windows} windows, at most ${MAX_WINDOWS}`,
      `--step ${formatStep(least)} or longer; --step auto chooses.`,
    );
  }
  return { sinceMs: aligned, untilMs };
}

function chooseAtLeast(least: number): number {
  return NICE_STEPS.find((step) => step > least) ?? Math.ceil(least / DAY) * DAY;
}

/** As it can be typed: `5m`, `90s`. */
export function formatStep(ms: number): string {
  for (const [unit, length] of [
    ["d", DAY],
    ["h", HOUR],
    ["m", MINUTE],
  ] as const) {
    if (ms >= length && ms % length === 0) return `${ms / length}${unit}`;
  }
  return ms % SECOND === 0 ? `${ms / SECOND}s` : `${Math.round(ms)}ms`;
}
