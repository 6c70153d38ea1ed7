import type { Family } from "./flow.ts";

/** A range of addresses, `10.0.0.0/8`. Stage `config` reads them. */
export interface Network {
  readonly family: Family;
  /** The first address, most significant word first: one unsigned word of 32 bits for IPv4, four for IPv6. */
  readonly words: readonly number[];
  /** 0..32 or 0..128 */
  readonly prefixLength: number;
}

const DOT = 46;
const COLON = 58;
const ZERO = 48;

/** `192.0.2.1` → the address as an unsigned number of 32 bits; -1 when it is no such text. Made for every flow: quick. */
export function parseIpv4(text: string): number {
  return parseDecimals(text, 0);
}

function parseDecimals(text: string, from: number): number {
  let address = 0;
  let byte = -1;
  let dots = 0;
  for (let index = from; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === DOT) {
      if (byte < 0 || ++dots > 3) return -1;
      address = address * 256 + byte;
      byte = -1;
    } else if (code >= ZERO && code <= ZERO + 9 && byte !== 0) {
      byte = Math.max(byte, 0) * 10 + code - ZERO;
      if (byte > 255) return -1;
    } else {
      return -1;
    }
  }
  return dots === 3 && byte >= 0 ? address * 256 + byte : -1;
}

const groups = new Uint16Array(8);

/**
 * `2001:db8::1` → the four words of the address into `words`; false when it is no such text. An interface behind `%`
 * is no part of an address.
 */
export function parseIpv6(text: string, words: Uint32Array): boolean {
  let count = 0;
  let gap = -1;
  let index = 0;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return false;
    gap = 0;
    index = 2;
  }
  while (index < text.length) {
    const start = index;
    let group = 0;
    let code = 0;
    for (; index < text.length; index++) {
      code = text.charCodeAt(index);
      const digit = hexDigit(code);
      if (digit < 0) break;
      group = group * 16 + digit;
      if (index - start > 3) return false;
    }
    if (index < text.length && code === DOT) {
      const tail = parseDecimals(text, start);
      if (tail < 0 || count > 6) return false;
      groups[count++] = tail >>> 16;
      groups[count++] = tail & 0xffff;
      index = text.length;
      break;
    }
    if (index === start || count === 8) return false;
    groups[count++] = group;
    if (index === text.length) break;
    if (code !== COLON) return false;
    index++;
    if (text.charCodeAt(index) === COLON) {
      if (gap >= 0) return false;
      gap = count;
      index++;
    } else if (index === text.length) {
      return false;
    }
  }
  if (gap < 0 ? count !== 8 : count > 7) return false;
  if (gap >= 0) {
    groups.copyWithin(8 - (count - gap), gap, count);
    groups.fill(0, gap, 8 - (count - gap));
  }
  for (let word = 0; word < 4; word++) {
    words[word] = (groups[2 * word] ?? 0) * 65536 + (groups[2 * word + 1] ?? 0);
  }
  return true;
}

function hexDigit(code: number): number {
  if (code >= ZERO && code <= ZERO + 9) return code - ZERO;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
