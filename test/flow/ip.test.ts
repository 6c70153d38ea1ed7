import assert from "node:assert/strict";
import { isIPv4, isIPv6 } from "node:net";
import { describe, test } from "node:test";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { parseIpv4, parseIpv6 } from "../../src/flow/ip.ts";

/** The words of an IPv6 address, `null` where the text is none. */
function wordsOf(text: string): number[] | null {
  const words = new Uint32Array(4);
  return parseIpv6(text, words) ? [...words] : null;
}

const IPV4: readonly [text: string, address: number][] = [
  ["0.0.0.0", 0],
  ["10.0.0.1", 0x0a000001],
  ["255.255.255.255", 0xffffffff],
  ["1.2.3", -1],
  ["1.2.3.4.5", -1],
  ["1.2.3.256", -1],
  ["01.2.3.4", -1],
  ["1..2.3", -1],
  ["1.2.3.", -1],
  ["1.2.3.4 ", -1],
  ["::1", -1],
  ["", -1],
];

describe("an IPv4 address is read, and nothing else for one", () => {
  for (const [text, address] of IPV4)
    test(JSON.stringify(text), () => assert.equal(parseIpv4(text), address));
});

const IPV6: readonly [text: string, words: number[] | null][] = [
  ["::", [0, 0, 0, 0]],
  ["::1", [0, 0, 0, 1]],
  ["2001:db8::", [0x20010db8, 0, 0, 0]],
  ["2001:DB8::a:b", [0x20010db8, 0, 0, 0x000a000b]],
  ["1:2:3:4:5:6:7:8", [0x00010002, 0x00030004, 0x00050006, 0x00070008]],
  ["1::8", [0x00010000, 0, 0, 8]],
  ["::2:3:4:5:6:7:8", [2, 0x00030004, 0x00050006, 0x00070008]],
  ["1:2:3:4:5:6:7::", [0x00010002, 0x00030004, 0x00050006, 0x00070000]],
  ["::ffff:10.0.0.1", [0, 0, 0xffff, 0x0a000001]],
  ["64:ff9b::192.0.2.1", [0x0064ff9b, 0, 0, 0xc0000201]],
  ["fe80::1%eth0", null],
  ["1:2:3:4:5:6:7", null],
  ["1:2:3:4:5:6:7:8:9", null],
  ["1:2:3:4::5:6:7:8", null],
  [":1:2:3:4:5:6:7", null],
  ["1:2:3:4:5:6:7:", null],
  ["1::2::3", null],
  [":::", null],
  ["12345::", null],
  ["::1.2.3", null],
  ["::1.2.3.4:5", null],
  ["1:2:3:4:5:6:7:1.2.3.4", null],
  ["g::", null],
  ["10.0.0.1", null],
  ["", null],
];

describe("an IPv6 address is read, and nothing else for one", () => {
  for (const [text, words] of IPV6) test(JSON.stringify(text), () => assert.deepEqual(wordsOf(text), words));
});

test("every address is what the library ipaddr.js says it is", () => {
  fc.assert(
    fc.property(fc.ipV4(), (text) => {
      const bytes = ipaddr.IPv4.parse(text).toByteArray();
      assert.equal(
        parseIpv4(text),
        bytes.reduce((sum, byte) => sum * 256 + byte, 0),
      );
    }),
  );
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      // The library takes `::192.0.2.1` for IPv4 that is mapped, which it is not without `ffff`.
      fc.pre(!text.includes("."));
      const { parts } = ipaddr.IPv6.parse(text);
      const words = [0, 2, 4, 6].map((at) => (parts[at] ?? 0) * 65536 + (parts[at + 1] ?? 0));
      assert.deepEqual(wordsOf(text), words);
    }),
  );
});

test("any other text is refused as Node refuses it", () => {
  const text = fc.string({
    unit: fc.constantFrom(..."0123456789abcdefF:.%x ", "::", "255", "10.0.0.1"),
    maxLength: 12,
  });
  fc.assert(
    fc.property(text, (text) => {
      assert.equal(parseIpv4(text) >= 0, isIPv4(text));
      assert.equal(wordsOf(text) !== null, isIPv6(text) && !text.includes("%"));
    }),
    { numRuns: 3000 },
  );
});
