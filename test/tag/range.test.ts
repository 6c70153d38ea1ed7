import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { rangeOf } from "../../src/tag/range.ts";

const CASES: readonly [ip: string, range: string | null][] = [
  ["127.0.0.53", "loopback"],
  ["::1", "loopback"],
  ["10.1.2.3", "private"],
  ["192.168.0.1", "private"],
  ["fd00::1", "private"],
  ["169.254.169.254", "link-local"],
  ["fe80::1", "link-local"],
  ["100.64.0.1", "shared"],
  ["224.0.0.251", "multicast"],
  ["255.255.255.255", "broadcast"],
  ["0.0.0.0", "unspecified"],
  ["192.0.2.1", "reserved"],
  ["8.8.8.8", "public"],
  ["2606:4700::1111", "public"],
  ["::ffff:10.0.0.1", "private"],
  ["no address", null],
  ["", null],
];

describe("rangeOf", () => {
  for (const [ip, range] of CASES) {
    it(`says of ${ip === "" ? "nothing" : ip}: ${range}`, () => assert.equal(rangeOf(ip), range));
  }
});
