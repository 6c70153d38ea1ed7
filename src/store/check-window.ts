import { NpmonError } from "../error/error.ts";

/** The most windows of a series; more are no chart. */
const MAX_WINDOWS = 2_000;

export interface Window {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly stepMs?: number | undefined;
}

/** @throws NpmonError `usage` when it is no window or has too many steps */
export function checkWindow({ sinceMs, untilMs, stepMs }: Window): Window {
  const isTime = (ms: number) => Number.isSafeInteger(ms) && Math.abs(ms) < 8e15;
  if (!isTime(sinceMs) || !isTime(untilMs) || sinceMs >= untilMs) {
    throw new NpmonError("usage", "--since has to be before --until");
  }
  if (stepMs === undefined) return { sinceMs, untilMs };
  if (!Number.isSafeInteger(stepMs) || stepMs < 1 || (untilMs - sinceMs) / stepMs > MAX_WINDOWS) {
    throw new NpmonError(
      "usage",
      `--step: more than ${MAX_WINDOWS} windows`,
      "Ask for longer steps or less time.",
    );
  }
  return { sinceMs, untilMs, stepMs };
}
