import { type Network, parseIpv4, parseIpv6 } from "../flow/ip.ts";

/** Values by network; the longest prefix that holds an address wins. */
export interface PrefixTable<Value> {
  /** @param ip text of an address, IPv4 or IPv6; one that is neither has no value */
  find(ip: string): Value | null;
  /** Networks in it. */
  readonly size: number;
}

/**
 * Builds the table; of two values for the same network the later one stays. Nested networks are cut into ranges that
 * do not overlap, so that a look-up is one binary search, whatever the prefixes: 100,000 of them take some 2 MB, and
 * nobody can choose prefixes that make it slow.
 */
export function createPrefixTable<Value>(
  entries: Iterable<readonly [network: Network, value: Value]>,
): PrefixTable<Value> {
  const ipv4 = new Map<string, Entry<Value>>();
  const ipv6 = new Map<string, Entry<Value>>();
  for (const [network, value] of entries) {
    const entry = toEntry(network, value);
    (network.family === "ipv4" ? ipv4 : ipv6).set(`${entry.first}/${network.prefixLength}`, entry);
  }
  const ranges4 = cutRanges([...ipv4.values()], 1n << 32n);
  const ranges6 = cutRanges([...ipv6.values()], 1n << 128n);
  const starts4 = Uint32Array.from(ranges4, ({ first }) => Number(first));
  const starts6 = Uint32Array.from(ranges6.flatMap(({ first }) => toWords(first)));
  const values4 = ranges4.map(({ value }) => value);
  const values6 = ranges6.map(({ value }) => value);
  const words = new Uint32Array(4);

  const find4 = (address: number): Value | null => {
    let low = 0;
    let high = values4.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((starts4[middle] ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? null : (values4[low - 1] ?? null);
  };

  const find6 = (): Value | null => {
    let low = 0;
    let high = values6.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isUpTo(starts6, 4 * middle, words)) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? null : (values6[low - 1] ?? null);
  };

  return Object.freeze({
    size: ipv4.size + ipv6.size,
    find(ip: string) {
      const address = parseIpv4(ip);
      if (address >= 0) return find4(address);
      if (!parseIpv6(ip, words)) return null;
      const isMapped = words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
      return isMapped ? find4(words[3] ?? 0) : find6();
    },
  });
}

interface Entry<Value> {
  readonly first: bigint;
  /** The address after the last one. */
  readonly end: bigint;
  readonly value: Value;
}

/** From `first` on the value is this one, until the next range begins. */
interface Range<Value> {
  readonly first: bigint;
  readonly value: Value | null;
}

function toEntry<Value>({ family, words, prefixLength }: Network, value: Value): Entry<Value> {
  const hostBits = BigInt((family === "ipv4" ? 32 : 128) - prefixLength);
  const address = words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
  const first = (address >> hostBits) << hostBits;
  return { first, end: first + (1n << hostBits), value };
}

/**
 * Networks hold one another or have nothing in common, so those that hold the current address make a stack.
 * @param beyond the address after the last one there is; no range begins there
 */
function cutRanges<Value>(entries: readonly Entry<Value>[], beyond: bigint): readonly Range<Value>[] {
  const sorted = entries.toSorted((a, b) => order(a.first, b.first) || order(b.end, a.end));
  const ranges: Range<Value>[] = [];
  const begin = (first: bigint, value: Value | null): void => {
    if (first === beyond) return;
    if (ranges.at(-1)?.first === first) ranges.pop();
    ranges.push({ first, value });
  };
  const around: Entry<Value>[] = [];
  const leave = (until: bigint | null): void => {
    for (let inner = around.at(-1); inner !== undefined; inner = around.at(-1)) {
      if (until !== null && inner.end > until) return;
      around.pop();
      begin(inner.end, around.at(-1)?.value ?? null);
    }
  };
  for (const entry of sorted) {
    leave(entry.first);
    begin(entry.first, entry.value);
    around.push(entry);
  }
  leave(null);
  return ranges;
}

function order(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function toWords(address: bigint): number[] {
  return [96n, 64n, 32n, 0n].map((shift) => Number((address >> shift) & 0xffffffffn));
}

/** Whether the address at `offset` of `starts` is not after `words`. */
function isUpTo(starts: Uint32Array, offset: number, words: Uint32Array): boolean {
  for (let word = 0; word < 3; word++) {
    const start = starts[offset + word] ?? 0;
    const wanted = words[word] ?? 0;
    if (start !== wanted) return start < wanted;
  }
  return (starts[offset + 3] ?? 0) <= (words[3] ?? 0);
}
