/** Requests a second from one address, and how many at once after a quiet time. */
const PER_SECOND = 200;
const BURST = 400;

/** Addresses remembered; beyond that all begin anew. */
const MAX_ADDRESSES = 10_000;

/** Says whether one more request from the address is within the rate. */
export function createRateLimit(): (address: string, nowMs: number) => boolean {
  const seen = new Map<string, { left: number; atMs: number }>();
  return (address, nowMs) => {
    if (seen.size >= MAX_ADDRESSES) seen.clear();
    const found = seen.get(address) ?? { left: BURST, atMs: nowMs };
    found.left = Math.min(BURST, found.left + ((nowMs - found.atMs) / 1000) * PER_SECOND);
    found.atMs = nowMs;
    seen.set(address, found);
    if (found.left < 1) return false;
    found.left--;
    return true;
  };
}
