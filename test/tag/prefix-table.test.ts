import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Network, parseIpv4, parseIpv6 } from "../../src/flow/ip.ts";
import { createPrefixTable } from "../../src/tag/prefix-table.ts";

function network(text: string): Network {
  const [address = "", length] = text.split("/");
  const words = new Uint32Array(4);
  return parseIpv6(address, words)
    ? { family: "ipv6", words: [...words], prefixLength: Number(length) }
    : { family: "ipv4", words: [parseIpv4(address)], prefixLength: Number(length) };
}

function table(...networks: readonly string[]) {
  return createPrefixTable(networks.map((text) => [network(text), text]));
}

const NESTED = table(
  "0.0.0.0/0",
  "10.0.0.0/8",
  "10.1.0.0/16",
  "10.1.2.0/24",
  "10.1.2.3/32",
  "255.255.255.255/32",
  "2001:db8::/32",
  "2001:db8:1::/48",
  "2001:db8::1/128",
);

const CASES: readonly [ip: string, found: string | null][] = [
  ["9.255.255.255", "0.0.0.0/0"],
  ["10.0.0.0", "10.0.0.0/8"],
  ["10.255.255.255", "10.0.0.0/8"],
  ["11.0.0.0", "0.0.0.0/0"],
  ["10.1.255.255", "10.1.0.0/16"],
  ["10.1.2.2", "10.1.2.0/24"],
  ["10.1.2.3", "10.1.2.3/32"],
  ["10.1.2.4", "10.1.2.0/24"],
  ["255.255.255.255", "255.255.255.255/32"],
  ["::ffff:10.1.2.3", "10.1.2.3/32"],
  ["2001:db8::1", "2001:db8::1/128"],
  ["2001:db8::2", "2001:db8::/32"],
  ["2001:db8:1:ffff:ffff:ffff:ffff:ffff", "2001:db8:1::/48"],
  ["2001:db9::", null],
  ["::", null],
  ["nothing of the kind", null],
];

describe("the longest prefix wins", () => {
  for (const [ip, found] of CASES) {
    test(`${ip} is in ${found ?? "none"}`, () => assert.equal(NESTED.find(ip), found));
  }
});

test("an empty table knows nothing", () => assert.equal(table().find("10.0.0.1"), null));

test("the whole of IPv6 and its last address end where the addresses do", () => {
  const all = table("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
  assert.equal(
    all.find("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
  );
  assert.equal(all.find("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"), "::/0");
});

test("bits behind the prefix are nothing, and the later of two values for a network stays", () => {
  const twice = createPrefixTable([
    [network("10.1.2.3/8"), "first"],
    [network("10.9.9.9/8"), "second"],
  ]);
  assert.deepEqual([twice.size, twice.find("10.0.0.1")], [1, "second"]);
});

/** Few different bits, so that networks hold one another and addresses meet them. */
const byte = fc.constantFrom(0, 1, 127, 128, 192, 254, 255);
const ipv4 = fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join("."));
const group = fc.constantFrom("0", "1", "7fff", "8000", "ff00", "fffe", "ffff");
const ipv6 = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(":"));
const address = fc.oneof(ipv4, ipv6);
const anyNetwork = fc.oneof(
  fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })),
  fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })),
);

/** The bits of an address as text: what begins with the prefix is in the network. */
function bits(ip: string): string {
  const { words } = network(`${ip}/0`);
  return words.map((word) => word.toString(2).padStart(32, "0")).join("");
}

function findSlowly(networks: readonly (readonly [string, number])[], ip: string): number | null {
  let best: number | null = null;
  let longest = -1;
  networks.forEach(([base, length], index) => {
    const isIn = bits(base).length === bits(ip).length && bits(ip).startsWith(bits(base).slice(0, length));
    if (isIn && length >= longest) [best, longest] = [index, length];
  });
  return best;
}

test("any table finds for any address what comparing bit by bit finds", () => {
  fc.assert(
    fc.property(
      fc.array(anyNetwork, { maxLength: 40 }),
      fc.array(address, { minLength: 20 }),
      (networks, ips) => {
        const fast = createPrefixTable(
          networks.map(([base, length], index) => [network(`${base}/${length}`), index] as const),
        );
        for (const ip of [...ips, ...networks.map(([base]) => base)]) {
          assert.equal(fast.find(ip), findSlowly(networks, ip), ip);
        }
      },
    ),
    { numRuns: 300 },
  );
});
