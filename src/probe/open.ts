import { NpmonError } from "../error/error.ts";
import type { Tier } from "../snapshot/snapshot.ts";
import { openBpfProbe } from "./bpf/bpf-probe.ts";
import type { Probe } from "./probe.ts";

/** What the user may ask for; `auto` is the best that works here. */
export const PROBE_CHOICES = ["auto", "kprobe", "tracepoint"] as const;
export type ProbeChoice = (typeof PROBE_CHOICES)[number];

/** REFERENCE: `max_tracked_connections`. */
export const DEFAULT_CAPACITY = 65536;

export interface ProbeOptions {
  readonly choice: ProbeChoice;
  /** Most flows that can be followed at once. */
  readonly capacity: number;
  /** Mount point of cgroup v2; null where there is none. */
  readonly cgroupRoot: string | null;
}

/** The best first: kprobes know the sender of every datagram and who accepted, at once. */
const TIERS: readonly Exclude<Tier, "sockdiag">[] = ["kprobe", "tracepoint"];

/**
 * Opens the tier that was asked for, or the best that works here; the caller starts it and closes it.
 * @throws NpmonError of the tier that was asked for, or of the last one tried
 */
export function openProbe({ choice, capacity, cgroupRoot }: ProbeOptions): Probe {
  const options = { capacity, closedCapacity: capacity, cgroupRoot };
  if (choice !== "auto") return openBpfProbe({ tier: choice, ...options });
  const reasons: string[] = [];
  for (const tier of TIERS) {
    try {
      return openBpfProbe({ tier, ...options }, reasons);
    } catch (error) {
      if (!(error instanceof NpmonError) || error.code !== "unsupported" || tier === TIERS.at(-1))
        throw error;
      reasons.push(error.message);
    }
  }
  throw new Error("unreachable: the last tier either opens or throws");
}
