import ipaddr from "ipaddr.js";
import { decodeIpv4, decodeIpv6 } from "../../flow/address.ts";

/** The address of 4 or 16 bytes, written as flows have it. */
export function formatIp(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.length === 4 ? decodeIpv4(view, 0) : decodeIpv6(view, 0);
}

/**
 * The bytes of an address, four of an IPv4-mapped one.
 * @throws Error for what is no address
 */
export function parseIp(ip: string): Uint8Array {
  return Uint8Array.from(ipaddr.process(ip).toByteArray());
}

/** Whether no name stands for an address: loopback, link-local, multicast, none at all. Asked for each one learned. */
export function isNameless(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes;
  if (bytes.length === 4) {
    if (first === 0 || first === 127 || first >> 4 === 14) return true;
    return (first === 169 && second === 254) || bytes.every((byte) => byte === 255);
  }
  if (first === 0xff || (first === 0xfe && (second & 0xc0) === 0x80)) return true;
  if (bytes.subarray(0, 10).some((byte) => byte !== 0)) return false;
  if (bytes[10] === 0xff && bytes[11] === 0xff) return isNameless(bytes.subarray(12));
  return bytes.subarray(10, 15).every((byte) => byte === 0);
}

/** Whose an address is: `private` is what only some networks know, `none` is nameless, or no address. */
export type IpKind = "public" | "private" | "none";

const PUBLIC: ReadonlySet<string> = new Set(["unicast", "6to4", "teredo", "rfc6052"]);

export function kindOfIp(ip: string): IpKind {
  if (!ipaddr.isValid(ip)) return "none";
  if (isNameless(parseIp(ip))) return "none";
  return PUBLIC.has(ipaddr.process(ip).range()) ? "public" : "private";
}
