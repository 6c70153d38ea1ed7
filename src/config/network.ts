import ipaddr from "ipaddr.js";
import type { Network } from "../flow/ip.ts";

const MAPPED_BITS = 96;

/**
 * `10.0.0.0/8`, `2001:db8::/32` or a bare address, which is a network of its own. Bits behind the prefix are cleared,
 * an IPv4 network written as a mapped one of IPv6 is one of IPv4. `null` when it is no such text.
 */
export function parseNetwork(text: string): Network | null {
  const [address = "", length, ...more] = text.trim().split("/");
  const ip = parseAddress(address);
  if (ip === null || more.length > 0) return null;
  const bits = ip.kind() === "ipv4" ? 32 : 128;
  const prefixLength = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  if (!(prefixLength <= bits)) return null;
  if (ip instanceof ipaddr.IPv6 && ip.isIPv4MappedAddress() && prefixLength >= MAPPED_BITS) {
    return toNetwork(ip.toIPv4Address(), prefixLength - MAPPED_BITS);
  }
  return toNetwork(ip, prefixLength);
}

/** As people write addresses: no octal, no short forms, no interface behind `%`. */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (!text.includes(":") || text.includes("%") || !ipaddr.IPv6.isValid(text)) return null;
  return ipaddr.IPv6.parse(text);
}

function toNetwork(ip: ipaddr.IPv4 | ipaddr.IPv6, prefixLength: number): Network {
  const bytes = ip.toByteArray();
  const words: number[] = [];
  for (let at = 0; at < bytes.length; at += 4) {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(at, at + 4);
    words.push(((a << 24) | (b << 16) | (c << 8) | d) >>> 0);
  }
  const masked = words.map((word, index) => (word & maskOf(prefixLength - 32 * index)) >>> 0);
  return Object.freeze({
    family: ip.kind() === "ipv4" ? "ipv4" : "ipv6",
    words: Object.freeze(masked),
    prefixLength,
  });
}

/** The first `bits` of a word; 0 or less for none, 32 or more for all. */
export function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

/** The same text for the same network. */
export function networkKey({ words, prefixLength }: Network): string {
  return `${words.join(".")}/${prefixLength}`;
}
