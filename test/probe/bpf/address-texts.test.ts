import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeIpv4, decodeIpv6 } from "../../../src/flow/address.ts";
import { AddressTexts } from "../../../src/probe/bpf/address-texts.ts";

test("addresses read as they are decoded, also when more come than are remembered", () => {
  const texts = new AddressTexts();
  const view = new DataView(new ArrayBuffer(16));
  const seen = new Set<string>();
  for (let i = 0; i < 20_000; i++) {
    // as hosts of one network are numbered, and every third of them again
    view.setUint32(0, 0x0a00_0000 + (i % 3 === 0 ? i % 100 : i));
    assert.equal(texts.ipv4(view, 0), decodeIpv4(view, 0));
    view.setUint32(0, 0x2001_0db8);
    view.setUint32(4, i % 7);
    view.setUint32(12, i % 3 === 0 ? i % 100 : i);
    assert.equal(texts.ipv6(view, 0), decodeIpv6(view, 0));
    seen.add(texts.ipv6(view, 0));
  }
  assert.ok(seen.size > 10_000);
});

test("the unspecified addresses, and one address in both families, are kept apart", () => {
  const texts = new AddressTexts();
  const view = new DataView(new ArrayBuffer(16));
  assert.deepEqual([texts.ipv6(view, 0), texts.ipv4(view, 0), texts.ipv6(view, 0)], ["::", "0.0.0.0", "::"]);
  view.setUint16(10, 0xffff);
  view.setUint32(12, 0x7f00_0001);
  assert.deepEqual([texts.ipv6(view, 0), texts.ipv4(view, 12)], ["127.0.0.1", "127.0.0.1"]);
  view.setUint16(10, 0);
  assert.deepEqual([texts.ipv6(view, 0), texts.ipv4(view, 12)], ["::7f00:1", "127.0.0.1"]);
});
