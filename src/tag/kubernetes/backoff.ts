/**
 * How long to wait before trying again: twice as long each time, up to a limit, and then somewhere between half of that
 * and all of it, so that a thousand nodes do not come back in the same second.
 *
 * @param failures - in a row, the last one included; 1 or more
 * @param random - 0 or more, below 1
 */
export function backoffMs(failures: number, minMs: number, maxMs: number, random: number): number {
  return spreadMs(Math.min(maxMs, minMs * 2 ** Math.min(failures - 1, 30)), random);
}

/** Between half of it and all of it. */
export function spreadMs(durationMs: number, random: number): number {
  return Math.round(durationMs * (0.5 + random / 2));
}
