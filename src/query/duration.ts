import { NpmonError } from "../error/error.ts";
import { quoteInput } from "./quote.ts";

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Shorter than this, npmon would measure mostly itself. */
export const MIN_DURATION_MS = 50;
export const MAX_DURATION_MS = 24 * 3_600_000;

/**
 * `500ms`, `1s`, `5m`, `2h`, or bare seconds (`5`, `0.5`) → whole milliseconds, 50 ms to 24 h.
 *
 * @param option - how the person wrote the option, `--interval`; named in the error
 * @throws NpmonError `usage` when it is not a duration or out of bounds
 */
export function parseDuration(text: string, option: string): number {
  const [, digits, unit] = /^(\d{1,12}(?:\.\d{0,12})?|\.\d{1,12})(ms|s|m|h)?$/.exec(text.trim()) ?? [];
  if (digits === undefined) {
    throw new NpmonError(
      "usage",
      `${option}: found ${quoteInput(text)}, expected a duration such as 500ms, 1s, 5m or 2h, or a number of seconds`,
    );
  }
  const durationMs = Number(digits) * (MS_PER_UNIT[unit ?? "s"] ?? 0);
  if (durationMs < MIN_DURATION_MS || durationMs > MAX_DURATION_MS) {
    throw new NpmonError("usage", `${option}: found ${quoteInput(text)}, expected 50ms to 24h`);
  }
  return Math.round(durationMs);
}
