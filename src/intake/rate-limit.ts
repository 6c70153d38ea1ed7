import { isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";

/** Requests a second from one address, and how many at once after a quiet time. */
const PER_SECOND = 200;
const BURST = 400;

/** Addresses remembered; beyond that all begin anew. */
const MAX_ADDRESSES = 10_000;

/** Says whether one more request from the address is within the rate. Of IPv6 a /64, which is one host's, is one. */
export function createRateLimit(): (address: string, nowMs: number) => boolean {
  const seen = new Map<string, { left: number; atMs: number }>();
  return (address, nowMs) => {
    if (seen.size >= MAX_ADDRESSES) seen.clear();
    const host = networkOf(address);
    const found = seen.get(host) ?? { left: BURST, atMs: nowMs };
    found.left = Math.min(BURST, found.left + ((nowMs - found.atMs) / 1000) * PER_SECOND);
    found.atMs = nowMs;
    seen.set(host, found);
    if (found.left < 1) return false;
    found.left--;
    return true;
  };
}

function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.isIPv4MappedAddress()
    ? parsed.toIPv4Address().toString()
    : parsed.parts.slice(0, 4).join(":");
}
