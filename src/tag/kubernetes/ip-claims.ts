/** Somebody who may have an address. */
export interface Claimant {
  /** Who began later has it: an address is given away again while its last holder is still listed. */
  readonly startedMs: number;
  /** Who is ending has it only when nobody else wants it. */
  readonly terminating: boolean;
}

/** Others remembered for one address. Two are seen in practice, for seconds. */
const MAX_RIVALS = 16;

/**
 * Who has which address. The answer depends on who claims it, not on the order in which the claims came: an address
 * that goes from one pod to the next is claimed by both for a while, and news of either can come first.
 */
export class IpClaims<Holder extends Claimant> {
  readonly #holders = new Map<string, Holder>();
  readonly #rivals = new Map<string, Set<Holder>>();

  /** Addresses that somebody has. */
  get size(): number {
    return this.#holders.size;
  }

  holderOf(ip: string): Holder | null {
    return this.#holders.get(ip) ?? null;
  }

  /** @returns whether the address has another holder now */
  claim(ip: string, claimant: Holder): boolean {
    const holder = this.#holders.get(ip);
    if (holder === claimant) return false;
    if (holder === undefined) {
      this.#holders.set(ip, claimant);
      return true;
    }
    const wins = isStronger(claimant, holder);
    if (wins) this.#holders.set(ip, claimant);
    const rivals = this.#rivals.get(ip) ?? new Set();
    this.#rivals.set(ip, rivals);
    rivals.delete(claimant);
    if (rivals.size < MAX_RIVALS) rivals.add(wins ? holder : claimant);
    return wins;
  }

  /** @returns whether the address has another holder now, or none */
  release(ip: string, claimant: Holder): boolean {
    const rivals = this.#rivals.get(ip);
    rivals?.delete(claimant);
    if (rivals?.size === 0) this.#rivals.delete(ip);
    if (this.#holders.get(ip) !== claimant) return false;
    let next: Holder | null = null;
    for (const rival of rivals ?? []) if (next === null || isStronger(rival, next)) next = rival;
    if (next === null) {
      this.#holders.delete(ip);
      return true;
    }
    this.#holders.set(ip, next);
    rivals?.delete(next);
    if (rivals?.size === 0) this.#rivals.delete(ip);
    return true;
  }
}

function isStronger(a: Claimant, b: Claimant): boolean {
  if (a.terminating !== b.terminating) return b.terminating;
  return a.startedMs >= b.startedMs;
}
