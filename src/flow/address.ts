/** Text of the four bytes of an IPv4 address at `offset`. */
export function decodeIpv4(view: DataView, offset: number): string {
  return `${view.getUint8(offset)}.${view.getUint8(offset + 1)}.${view.getUint8(offset + 2)}.${view.getUint8(offset + 3)}`;
}

/** Text of the sixteen bytes of an IPv6 address at `offset`, as RFC 5952 has it; an IPv4-mapped one as plain IPv4. */
export function decodeIpv6(view: DataView, offset: number): string {
  const words: number[] = [];
  for (let i = 0; i < 8; i++) words.push(view.getUint16(offset + 2 * i));
  if (words[5] === 0xffff && words.slice(0, 5).every((word) => word === 0)) {
    return decodeIpv4(view, offset + 12);
  }
  const { start, length } = longestZeroRun(words);
  const hex = words.map((word) => word.toString(16));
  if (length < 2) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

/** The first of the longest runs of zero words. */
function longestZeroRun(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let i = 0; i < words.length; i++) {
    let end = i;
    while (end < words.length && words[end] === 0) end++;
    if (end - i > best.length) best = { start: i, length: end - i };
    if (end > i) i = end;
  }
  return best;
}
