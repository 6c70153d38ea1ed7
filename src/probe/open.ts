import { NpmonError } from "../error/error.ts";
import type { Protocol } from "../flow/flow.ts";
import type { Tier } from "../snapshot/snapshot.ts";
import { openBpfProbe } from "./bpf/bpf-probe.ts";
import type { Probe } from "./probe.ts";
import { openSockdiagProbe } from "./sockdiag/sockdiag.ts";

/** What the user may ask for; `auto` is the best that works here. */
export const PROBE_CHOICES = ["auto", "kprobe", "tracepoint", "sockdiag"] as const;
export type ProbeChoice = (typeof PROBE_CHOICES)[number];

/** REFERENCE: `max_tracked_connections`. */
export const DEFAULT_CAPACITY = 65_536;
/** Beyond it the kernel's tables would take gigabytes. */
export const MAX_CAPACITY = 4_194_304;

export interface ProbeOptions {
  readonly choice: ProbeChoice;
  /** Most flows that can be followed at once. */
  readonly capacity: number;
  /** How many closed connections may wait for the next pass; by default as many as can be followed. */
  readonly closedCapacity?: number;
  /** What to count; by default everything. Leaving one out is less work, not more than that: see each tier. */
  readonly protocols?: readonly Protocol[];
  /** Mount point of cgroup v2; null where there is none. */
  readonly cgroupRoot: string | null;
  /** Where procfs is mounted. */
  readonly procRoot: string;
  /** Whether the DNS answers that processes receive are wanted, where a tier can see them. */
  readonly dns: boolean;
  /** Takes a line for each thing that a tier tried in the kernel and what came of it. */
  readonly debug?: ((line: string) => void) | undefined;
}

const PROTOCOLS: readonly Protocol[] = ["tcp", "udp"];

/** The best first: kprobes know the sender of every datagram and who accepted, at once; sockdiag works for anybody. */
export const TIERS: readonly Tier[] = ["kprobe", "tracepoint", "sockdiag"];

/**
 * Opens the tier that was asked for, or the best that works here, which then says why no better one does. The caller
 * starts it and closes it.
 * @throws NpmonError of the tier that was asked for, or of the last one tried
 */
export function openProbe(options: ProbeOptions): Probe {
  const { choice } = options;
  if (choice !== "auto") return openTier(choice, options, []);
  const reasons: string[] = [];
  for (const tier of TIERS) {
    try {
      return openTier(tier, options, reasons);
    } catch (error) {
      if (!(error instanceof NpmonError) || tier === TIERS.at(-1)) throw error;
      // Every tier would say the same of a missing library or privilege.
      if (reasons.at(-1) !== error.message) reasons.push(error.message);
    }
  }
  throw new Error("unreachable: the last tier either opens or throws");
}

function openTier(tier: Tier, options: ProbeOptions, reasons: readonly string[]): Probe {
  const {
    capacity,
    closedCapacity = capacity,
    protocols = PROTOCOLS,
    cgroupRoot,
    procRoot,
    dns,
    debug,
  } = options;
  if (tier === "sockdiag") {
    return openSockdiagProbe({ capacity, procRoot, reason: reasons.join("; ") || "asked for with --probe" });
  }
  return openBpfProbe({ tier, capacity, closedCapacity, protocols, cgroupRoot, dns, debug }, reasons);
}
