import type { RequestLimits } from "./request.ts";

/** How much one engine may take: of time, of memory, of attention. */
export interface EngineLimits extends RequestLimits {
  /** Lookups at the same time. */
  readonly maxInFlight: number;
  /** Pauses between attempts double from the first to the longest. */
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** A stream of events that lasted this long was a good one: the next attempt comes soon after it. */
  readonly steadyMs: number;
}

export const DEFAULT_LIMITS: EngineLimits = {
  timeoutMs: 5_000,
  // An answer about a container is some 5 KB, with a Kubernetes pod's labels and mounts some 30.
  maxBodyBytes: 1024 * 1024,
  // An event holds all labels of its container.
  maxLineBytes: 256 * 1024,
  maxStreamBytesPerSecond: 4 * 1024 * 1024,
  maxInFlight: 4,
  firstRetryMs: 250,
  maxRetryMs: 10_000,
  steadyMs: 10_000,
};
