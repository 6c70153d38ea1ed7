import assert from "node:assert/strict";
import { test } from "node:test";
import { formatReverseName, parseDomain, parseReverseName } from "../../../src/tag/domain/domain-name.ts";

const LONG = Array.from({ length: 4 }, () => "x".repeat(63)).join(".");

const DOMAINS: readonly [text: string, domain: string | null][] = [
  ["db.example", "db.example"],
  ["DB.Example.", "db.example"],
  ["postgres", "postgres"],
  ["_ldap._tcp.dc-1.example", "_ldap._tcp.dc-1.example"],
  ["xn--bcher-kva.example", "xn--bcher-kva.example"],
  [LONG.slice(0, 253), LONG.slice(0, 253)],
  [LONG, null],
  [`${"x".repeat(64)}.example`, null],
  ["", null],
  [".", null],
  ["a..b", null],
  ["bücher.example", null],
  ["a b", null],
  ["a\nb", null],
  ["a\u202eb", null],
  ["a/b", null],
  ["*.example", null],
  ["\u212a.example", null],
];

for (const [text, domain] of DOMAINS) {
  test(`${JSON.stringify(text.slice(0, 30))} is ${domain === null ? "no name to be shown" : "a name"}`, () => {
    assert.equal(parseDomain(text), domain);
  });
}

const REVERSE: readonly [name: string, hex: string | null][] = [
  ["7.2.0.192.in-addr.arpa", "c0000207"],
  ["256.2.0.192.in-addr.arpa", null],
  ["2.0.192.in-addr.arpa", null],
  ["7.2.0.192.in-addr.arpa.example", null],
  [`7.${"0.".repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`, "20010db8000000000000000000000007"],
  ["8.b.d.0.1.0.0.2.ip6.arpa", null],
  ["db.example", null],
];

for (const [name, hex] of REVERSE) {
  test(`${name} asks for ${hex ?? "no address"}`, () => {
    const bytes = parseReverseName(name);
    assert.equal(bytes === null ? null : Buffer.from(bytes).toString("hex"), hex);
    if (bytes !== null) assert.equal(formatReverseName(bytes), name);
  });
}
