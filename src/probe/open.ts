import { openBpfProbe } from "./bpf/bpf-probe.ts";
import type { Probe } from "./probe.ts";

/** What the user may ask for; `auto` is the best that works here. */
export const PROBE_CHOICES = ["auto", "tracepoint"] as const;
export type ProbeChoice = (typeof PROBE_CHOICES)[number];

/** REFERENCE: `max_tracked_connections`. */
export const DEFAULT_CAPACITY = 65536;

export interface ProbeOptions {
  readonly choice: ProbeChoice;
  /** Most open connections that can be followed at once. */
  readonly capacity: number;
  /** Mount point of cgroup v2; null where there is none. */
  readonly cgroupRoot: string | null;
}

/** Opens a tier; the caller starts it and closes it. */
export function openProbe(options: ProbeOptions): Probe {
  const { capacity, cgroupRoot } = options;
  return openBpfProbe({ tier: "tracepoint", capacity, closedCapacity: capacity, cgroupRoot });
}
