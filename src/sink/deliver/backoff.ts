/** How long to wait after failures, ms. */
export interface Patience {
  readonly firstMs: number;
  readonly maxMs: number;
  /** After what only a person can mend. */
  readonly slowMs: number;
  /** A request that fails after longer was too much at once: half of it is sent next. */
  readonly longMs: number;
}

export const PATIENCE: Patience = { firstMs: 1000, maxMs: 300_000, slowMs: 60_000, longMs: 20_000 };

/**
 * Twice as long after every failure, and between half and all of that, so that a fleet does not come back as one.
 * @param failures - in a row, from 1
 * @param random - 0..1
 */
export function delayAfter(
  failures: number,
  { firstMs, maxMs, slowMs }: Omit<Patience, "longMs">,
  { slow, retryAfterMs }: { readonly slow: boolean; readonly retryAfterMs: number | null },
  random: number,
): number {
  const first = slow ? slowMs : firstMs;
  const longest = Math.min(Math.max(maxMs, first), first * 2 ** Math.min(failures - 1, 30));
  const delayMs = Math.round(longest * (0.5 + random / 2));
  return retryAfterMs === null ? delayMs : retryAfterMs + Math.round(random * Math.min(delayMs, 1000));
}
