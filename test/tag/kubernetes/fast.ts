import type { PodTimings } from "../../../src/tag/kubernetes/timings.ts";

/** All that takes minutes in a cluster, in milliseconds. */
export const FAST: PodTimings = {
  answerMs: 2_000,
  idleMs: 2_000,
  pageMs: 10_000,
  watchIdleMs: 10_000,
  watchMs: 10_000,
  retryMinMs: 2,
  retryMaxMs: 20,
  forbiddenMs: 20,
  relistMs: 10,
  kubeletPollMs: 10,
  staleMs: 10_000,
  retiredMs: 10_000,
  changeMs: 1,
};
