import type { TierTrial } from "../probe/try-tier.ts";
import { type Finding, limited, ok } from "./finding.ts";

/** @param resolve the configuration wants names */
export function checkDomains(inUse: TierTrial | null, resolve: boolean): Finding {
  const name = "domains";
  if (!resolve) return ok(name, "none: npmon.resolve is false");
  if (inUse?.usable && inUse.readsDns)
    return ok(name, "from the DNS answers that processes of this host receive");
  return limited(
    name,
    "asked for, address by address: DNS answers are not seen here",
    "It takes an eBPF tier that counts UDP, on Linux 5.15 and x86-64; npmon.resolve: false asks nobody.",
  );
}
