import type { NpmonError } from "../error/error.ts";
import type { ProbeChoice } from "../probe/open.ts";
import type { TierTrial } from "../probe/try-tier.ts";
import type { Tier } from "../snapshot/snapshot.ts";
import { type Cause, type Finding, failing, limited, ok } from "./finding.ts";
import { isOld } from "./kernel.ts";

export interface TierFacts {
  /** What the configuration or --probe asks for. */
  readonly choice: ProbeChoice;
  /** The best first. */
  readonly trials: readonly TierTrial[];
  readonly release: string;
}

/** The one that npmon would run with; null where none works. */
export function tierInUse({ choice, trials }: Pick<TierFacts, "choice" | "trials">): TierTrial | null {
  const wanted = trials.filter(({ tier }) => choice === "auto" || choice === tier);
  return wanted.find(({ usable }) => usable) ?? null;
}

/** A line for each tier. That nothing but sockdiag works is a failure only where more was asked for: by `auto` as well. */
export function checkTiers(facts: TierFacts): Finding[] {
  const inUse = tierInUse(facts)?.tier ?? null;
  return facts.trials.map((trial) => (trial.usable ? usable(trial, inUse) : unusable(trial, inUse, facts)));
}

const SOCKDIAG = "TCP of this network namespace only, without connections shorter than a tick";

function usable(trial: Extract<TierTrial, { usable: true }>, inUse: Tier | null): Finding {
  const { tier, lacks } = trial;
  const name = `tier ${tier}`;
  const use = tier === inUse ? "works, in use" : "works";
  if (tier === "sockdiag") {
    const value = `${use}: ${SOCKDIAG}`;
    if (tier !== inUse) return ok(name, value);
    return limited(
      name,
      value,
      "An eBPF tier sees all: the lines above say what each lacks; --probe auto takes the best.",
    );
  }
  if (lacks.length === 0) return ok(name, use);
  const remedy =
    tier === inUse
      ? "A later kernel has it; README, Tiers, says from which version on."
      : "Nothing: another tier is in use.";
  return limited(name, `${use}, but ${lacks.join("; ")}`, remedy);
}

function unusable(
  { tier, error }: Extract<TierTrial, { usable: false }>,
  inUse: Tier | null,
  { choice, release, trials }: TierFacts,
): Finding {
  const name = `tier ${tier}`;
  if (choice !== "auto" && choice !== tier) {
    return ok(name, `not asked for, and would not work: ${error.message}`);
  }
  if (choice === "auto" && inUse !== null && inUse !== "sockdiag") {
    return limited(name, error.message, `Nothing has to be done: ${inUse} is in use.`);
  }
  const cause = causeOf(error, release);
  // What this kernel lacks is not in the way where another tier lacks only what can be given.
  const isMendable = trials.some((each) => !each.usable && causeOf(each.error, release) !== "kernel");
  if (choice === "auto" && cause === "kernel" && isMendable) {
    return limited(name, error.message, "Nothing has to be done: the other eBPF tier can be made to work.");
  }
  const remedy = cause === "privilege" ? PRIVILEGE : error.remedy;
  return failing(name, cause, error.message, remedy);
}

const PRIVILEGE =
  "See the line `capabilities`; where none is missing, a seccomp profile or lockdown forbids the system call bpf.";

function causeOf({ code }: NpmonError, release: string): Cause {
  if (code === "privilege") return "privilege";
  return code === "unsupported" || (code === "bpf_load" && isOld(release)) ? "kernel" : "fault";
}
