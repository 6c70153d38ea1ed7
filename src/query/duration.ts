import { NpmonError } from "../error/error.ts";
import { quoteInput } from "./quote.ts";

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Shorter than this, npmon would measure mostly itself. */
export const MIN_DURATION_MS = 50;
export const MAX_DURATION_MS = 24 * 3_600_000;

/** Both ends included. */
export interface DurationBounds {
  readonly minMs: number;
  readonly maxMs: number;
  /** As a person is told them: `50ms to 24h`. */
  readonly words: string;
}

const INTERVAL: DurationBounds = { minMs: MIN_DURATION_MS, maxMs: MAX_DURATION_MS, words: "50ms to 24h" };

/**
 * `500ms`, `1s`, `5m`, `2h`, `1d`, or bare seconds (`5`, `0.5`) → whole milliseconds.
 *
 * @param option - how the person wrote the option, `--interval`; named in the error
 * @param bounds - default 50 ms to 24 h
 * @throws NpmonError `usage` when it is not a duration or out of bounds
 */
export function parseDuration(text: string, option: string, bounds: DurationBounds = INTERVAL): number {
  const [, digits, unit] = /^(\d{1,12}(?:\.\d{0,12})?|\.\d{1,12})(ms|s|m|h|d)?$/.exec(text.trim()) ?? [];
  if (digits === undefined) {
    throw new NpmonError(
      "usage",
      `${option}: found ${quoteInput(text)}, expected a duration such as 500ms, 1s, 5m or 2h, or a number of seconds`,
    );
  }
  const durationMs = Number(digits) * (MS_PER_UNIT[unit ?? "s"] ?? 0);
  if (durationMs < bounds.minMs || durationMs > bounds.maxMs) {
    throw new NpmonError("usage", `${option}: found ${quoteInput(text)}, expected ${bounds.words}`);
  }
  return Math.round(durationMs);
}
