import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeIpv4, decodeIpv6 } from "../../src/flow/address.ts";

function view(...words: number[]): DataView {
  const bytes = new DataView(new ArrayBuffer(16));
  words.forEach((word, index) => {
    bytes.setUint16(2 * index, word);
  });
  return bytes;
}

// The expected texts are those of RFC 5952, section 4.
const CASES: readonly [readonly number[], string][] = [
  [[0, 0, 0, 0, 0, 0, 0, 0], "::"],
  [[0, 0, 0, 0, 0, 0, 0, 1], "::1"],
  [[0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], "2001:db8::1"],
  [[0x2001, 0xdb8, 0, 1, 1, 1, 1, 1], "2001:db8:0:1:1:1:1:1"],
  [[0x2001, 0, 0, 1, 0, 0, 0, 1], "2001:0:0:1::1"],
  [[0x2001, 0xdb8, 0, 0, 1, 0, 0, 1], "2001:db8::1:0:0:1"],
  [[1, 2, 3, 4, 5, 6, 0, 0], "1:2:3:4:5:6::"],
  [[0xfe80, 0, 0, 0, 0xa, 0xb, 0xc, 0xd], "fe80::a:b:c:d"],
  [[0, 0, 0, 0, 0, 0xffff, 0x7f00, 1], "127.0.0.1"],
  [[0, 0, 0, 0, 1, 0xffff, 0x7f00, 1], "::1:ffff:7f00:1"],
];

for (const [words, text] of CASES) {
  test(`the address ${text} is written as everybody writes it`, () => {
    assert.equal(decodeIpv6(view(...words), 0), text);
  });
}

test("an IPv4 address is read in network order from where it stands", () => {
  const bytes = new DataView(Uint8Array.of(9, 9, 192, 168, 0, 255).buffer);
  assert.equal(decodeIpv4(bytes, 2), "192.168.0.255");
});
