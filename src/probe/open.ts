import type { Probe } from "./probe.ts";
import { openTracepointProbe } from "./tracepoint/tracepoint.ts";

/** What the user may ask for; `auto` is the best that works here. */
export const PROBE_CHOICES = ["auto", "tracepoint"] as const;
export type ProbeChoice = (typeof PROBE_CHOICES)[number];

/** REFERENCE: `max_tracked_connections`. */
export const DEFAULT_CAPACITY = 65536;

export interface ProbeOptions {
  readonly choice: ProbeChoice;
  /** Most open connections that can be followed at once. */
  readonly capacity: number;
}

/** Opens a tier; the caller starts it and closes it. */
export function openProbe(options: ProbeOptions): Probe {
  return openTracepointProbe({ capacity: options.capacity, closedCapacity: options.capacity });
}
