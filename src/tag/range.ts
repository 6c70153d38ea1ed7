import ipaddr from "ipaddr.js";

/** Names that people use for what ipaddr.js tells apart; the rest is called as it calls them, with dashes. */
const NAMES: Readonly<Record<string, string>> = {
  unicast: "public",
  uniqueLocal: "private",
  carrierGradeNat: "shared", // RFC 6598, between a carrier and its customers
};

/**
 * What kind of address this is by the registries of special-purpose addresses: `loopback`, `private`, `link-local`,
 * `shared`, `multicast`, `public` …; null for what is no address.
 */
export function rangeOf(ip: string): string | null {
  if (!ipaddr.isValid(ip)) return null;
  const range = ipaddr.process(ip).range();
  return NAMES[range] ?? range.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
