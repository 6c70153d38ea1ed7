import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decodeIpv6 } from "../../../src/flow/address.ts";
import { decodeAnswer } from "../../../src/tag/domain/dns-answer.ts";
import { formatIp } from "../../../src/tag/domain/ip-text.ts";
import { a, aaaa, answerTo, cname, header, labels, record, typeOf } from "./message.ts";

const SHOWN = /^[a-z0-9_.-]{1,253}$/;

function assertHarmless(message: Buffer): void {
  for (const { name, ip, ttlS } of decodeAnswer(message)) {
    assert.match(name, SHOWN);
    assert.match(ip, /^[0-9a-f.:]+$/);
    assert.ok(ttlS >= 0 && ttlS < 2 ** 31);
  }
}

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/);
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("."));
/** Somebody's address: neither loopback nor multicast nor anything like it. */
const publicIp = fc
  .tuple(fc.integer({ min: 11, max: 99 }), fc.nat(255), fc.nat(255), fc.nat(255))
  .map((four) => four.join("."));

/** A name that is one, points anywhere, or is a beginning without an end. */
const anyName = fc.oneof(
  fc
    .array(
      bytes(12).filter((part) => part.length > 0),
      { maxLength: 4 },
    )
    .map((parts) => labels(...parts)),
  fc.integer({ min: 0xc000, max: 0xffff }).map((pointer) => Buffer.from([pointer >> 8, pointer & 255])),
  fc
    .integer({ min: 0xc000, max: 0xc0ff })
    .map((pointer) => Buffer.from([1, 97, pointer >> 8, pointer & 255])),
  bytes(5),
);
const anyRecord = fc
  .tuple(anyName, fc.constantFrom(1, 5, 12, 16, 28, 41, 64, 65), bytes(40), fc.option(fc.nat(65_535)))
  .map(([owner, type, data, length]) => Buffer.concat([owner, record(type, data, length ?? data.length)]));
const anyMessage = fc
  .tuple(fc.nat(300), anyName, fc.constantFrom(1, 12, 28, 65, 255), fc.array(anyRecord, { maxLength: 20 }))
  .map(([count, asked, type, records]) => Buffer.concat([header(count), asked, typeOf(type), ...records]));

describe("whatever the bytes are, decoding ends, does not throw and gives nothing that is not to be shown", () => {
  test("any bytes", () => fc.assert(fc.property(bytes(4096), assertHarmless)));

  test("any bytes behind the header of an answer", () => {
    fc.assert(
      fc.property(fc.nat(65_535), bytes(600), (count, rest) =>
        assertHarmless(Buffer.concat([header(count), rest])),
      ),
    );
  });

  test("names and records that lie", () =>
    fc.assert(fc.property(anyMessage, assertHarmless), { numRuns: 2000 }));

  test("an answer with some bytes changed, cut anywhere", () => {
    const good = answerTo("www.example", "A", [
      cname("www.example", "cdn.example"),
      a("cdn.example", "192.0.2.7"),
      aaaa("cdn.example", "2001:db8::7"),
    ]);
    const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(changes, fc.nat(good.length), (changed, length) => {
        const message = Buffer.from(good);
        for (const [at, byte] of changed) message[at] = byte;
        assertHarmless(message.subarray(0, length));
      }),
      { numRuns: 2000 },
    );
  });
});

test("every address of an honest answer has the name that was asked for", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(name, { minLength: 1, maxLength: 6 }),
      fc.array(publicIp, { maxLength: 20 }),
      (chain, ips) => {
        const asked = chain[0] ?? "";
        const last = chain.at(-1) ?? "";
        const aliases = chain.slice(1).map((target, index) => cname(chain[index] ?? "", target));
        const found = decodeAnswer(answerTo(asked, "A", [...aliases, ...ips.map((ip) => a(last, ip))]));
        assert.deepEqual(
          found.map(({ name: told, ip }) => `${told} ${ip}`),
          ips.map((ip) => `${asked} ${ip}`),
        );
      },
    ),
  );
});

test("an address is written as the probe writes it", () => {
  const words = fc.array(fc.oneof(fc.constant(0), fc.constant(0xffff), fc.nat(0xffff)), {
    minLength: 8,
    maxLength: 8,
  });
  fc.assert(
    fc.property(words, (eight) => {
      const view = new DataView(new ArrayBuffer(16));
      eight.forEach((word, index) => {
        view.setUint16(2 * index, word);
      });
      assert.equal(formatIp(new Uint8Array(view.buffer)), decodeIpv6(view, 0));
    }),
    { numRuns: 2000 },
  );
});
