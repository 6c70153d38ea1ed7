import assert from "node:assert/strict";
import { test } from "node:test";
import ipaddr from "ipaddr.js";
import { formatIp, type IpKind, isNameless, kindOfIp, parseIp } from "../../../src/tag/domain/ip-text.ts";

const KINDS: readonly [ip: string, kind: IpKind][] = [
  ["8.8.8.8", "public"],
  ["2606:4700::1111", "public"],
  ["10.1.2.3", "private"],
  ["172.16.0.1", "private"],
  ["192.168.1.1", "private"],
  ["100.64.0.1", "private"],
  ["192.0.2.7", "private"],
  ["240.0.0.1", "private"],
  ["fd00::1", "private"],
  ["127.0.0.1", "none"],
  ["0.0.0.0", "none"],
  ["169.254.169.254", "none"],
  ["224.0.0.1", "none"],
  ["239.255.255.250", "none"],
  ["255.255.255.255", "none"],
  ["::1", "none"],
  ["::", "none"],
  ["fe80::1", "none"],
  ["febf::1", "none"],
  ["ff02::1", "none"],
  ["::ffff:127.0.0.1", "none"],
  ["::ffff:8.8.8.8", "public"],
  ["not an address", "none"],
  ["", "none"],
];

for (const [ip, kind] of KINDS) {
  test(`${ip || "nothing"} is ${kind}`, () => {
    assert.equal(kindOfIp(ip), kind);
    if (!ipaddr.isValid(ip)) return;
    for (const bytes of [parseIp(ip), Uint8Array.from(ipaddr.parse(ip).toByteArray())]) {
      assert.equal(isNameless(bytes), kind === "none");
      assert.equal(formatIp(bytes), ip.replace("::ffff:", ""));
    }
  });
}
