import { NpmonError } from "../error/error.ts";
import type { Tier } from "../snapshot/snapshot.ts";
import { readsAnswers } from "./bpf/features.ts";
import { loadTier } from "./bpf/load.ts";
import { type MapMemory, measureMapMemory } from "./bpf/map-memory.ts";
import { type ProbeOptions, TIERS } from "./open.ts";
import { openSockdiagProbe } from "./sockdiag/sockdiag.ts";

export type { MapMemory } from "./bpf/map-memory.ts";

/** What came of loading and attaching a tier. */
export type TierTrial =
  | {
      readonly tier: Tier;
      readonly usable: true;
      /** What it cannot tell on this kernel, for people. */
      readonly lacks: readonly string[];
      /** Whether it hands over DNS answers. */
      readonly readsDns: boolean;
    }
  | { readonly tier: Tier; readonly usable: false; readonly error: NpmonError };

/** Enough for the kernel to say all that it would say of the real size, and next to no memory. */
const TRIAL_CAPACITY = 1024;

/**
 * Loads, attaches and closes each tier, the best first, with tables of a small size. What is attached for that moment
 * counts for nobody.
 */
export function tryTiers(options: ProbeOptions): readonly TierTrial[] {
  return TIERS.map((tier) => {
    try {
      return { tier, usable: true, ...tryTier(tier, options) };
    } catch (error) {
      if (error instanceof NpmonError) return { tier, usable: false, error };
      throw error;
    }
  });
}

function tryTier(tier: Tier, options: ProbeOptions): { lacks: readonly string[]; readsDns: boolean } {
  if (tier === "sockdiag") {
    openSockdiagProbe({ capacity: 1, procRoot: options.procRoot, reason: "" }).close();
    return { lacks: [], readsDns: false };
  }
  const sizes = { capacity: TRIAL_CAPACITY, closedCapacity: TRIAL_CAPACITY };
  const { object, programs, missing } = loadTier({ ...options, ...sizes, tier });
  object.close();
  return { lacks: missing, readsDns: readsAnswers(programs) };
}

/** What a tier's maps will take at the real size; null for the tier that has none. @throws EbpfError */
export function measureTier(tier: Tier, options: ProbeOptions): MapMemory | null {
  const { capacity, closedCapacity = capacity } = options;
  return tier === "sockdiag" ? null : measureMapMemory({ ...options, closedCapacity, tier });
}
