/** All waiting, in milliseconds. */
export interface PodTimings {
  /** Until an answer begins; the API server lets requests queue when it is busy. */
  readonly answerMs: number;
  /** Between two parts of a list. */
  readonly idleMs: number;
  /** For one page of a list. */
  readonly pageMs: number;
  /** Between two events of a watch before it is taken for dead; bookmarks come about every minute. */
  readonly watchIdleMs: number;
  /** The server is asked to end a watch after this long to twice that. */
  readonly watchMs: number;
  /** First and longest pause before trying again. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** Before asking again for what was forbidden. */
  readonly forbiddenMs: number;
  /** Between lists of this node where watching is forbidden. */
  readonly relistMs: number;
  /** Between two questions to the kubelet. */
  readonly kubeletPollMs: number;
  /** What was heard of a view before this is not believed any more. */
  readonly staleMs: number;
  /** How long pods that ended are still found by UID and container. */
  readonly retiredMs: number;
  /** Between two calls of `onChange`. */
  readonly changeMs: number;
}

export const DEFAULT_TIMINGS: PodTimings = {
  answerMs: 30_000,
  idleMs: 15_000,
  pageMs: 5 * 60_000,
  watchIdleMs: 150_000,
  watchMs: 5 * 60_000,
  retryMinMs: 1_000,
  retryMaxMs: 60_000,
  forbiddenMs: 5 * 60_000,
  relistMs: 60_000,
  kubeletPollMs: 15_000,
  staleMs: 10 * 60_000,
  retiredMs: 5 * 60_000,
  changeMs: 250,
};
