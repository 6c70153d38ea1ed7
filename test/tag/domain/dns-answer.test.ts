import assert from "node:assert/strict";
import { describe, test } from "node:test";
import packet from "dns-packet";
import { decodeAnswer } from "../../../src/tag/domain/dns-answer.ts";
import { a, aaaa, answerTo, cname, header, labels, ptr, record, typeOf, unknown } from "./message.ts";

/** `name ip` of each address, with `<` before the name where it comes from a pointer. */
function told(message: Buffer): readonly string[] {
  return decodeAnswer(message).map(({ name, ip, fromPointer }) => `${fromPointer ? "<" : ""}${name} ${ip}`);
}

const ONE = a("db.example", "192.0.2.7");
const HTTPS = 65;
const V4_ONLY = Buffer.from([0, 1, 0, 0, 4, 0, 8, 192, 0, 2, 1, 192, 0, 2, 2]);
const WITH_TARGET = Buffer.concat([
  Buffer.from([0, 1]),
  labels("svc", "example"),
  Buffer.from([0, 1, 0, 3, 2, 0x68, 0x32]),
  Buffer.from([0, 6, 0, 16]),
  Buffer.from("20010db8000000000000000000000007", "hex"),
]);

const ANSWERS: readonly [what: string, message: Buffer, told: readonly string[]][] = [
  ["an address", answerTo("db.example", "A", [ONE]), ["db.example 192.0.2.7"]],
  [
    "several of them",
    answerTo("db.example", "A", [ONE, a("db.example", "192.0.2.8")]),
    ["db.example 192.0.2.7", "db.example 192.0.2.8"],
  ],
  [
    "IPv6, written as flows have it",
    answerTo("db.example", "AAAA", [aaaa("db.example", "2001:db8:0:0:1:0:0:1")]),
    ["db.example 2001:db8::1:0:0:1"],
  ],
  [
    "IPv4 within IPv6",
    answerTo("db.example", "AAAA", [aaaa("db.example", "::ffff:192.0.2.7")]),
    ["db.example 192.0.2.7"],
  ],
  [
    "the name that was asked for, through aliases",
    answerTo("www.example", "A", [
      cname("www.example", "edge.cdn.example"),
      cname("edge.cdn.example", "e7.cdn.example"),
      a("e7.cdn.example", "192.0.2.7"),
    ]),
    ["www.example 192.0.2.7"],
  ],
  [
    "aliases in whatever order",
    answerTo("www.example", "A", [
      a("e7.cdn.example", "192.0.2.7"),
      cname("edge.cdn.example", "e7.cdn.example"),
      cname("www.example", "edge.cdn.example"),
    ]),
    ["www.example 192.0.2.7"],
  ],
  [
    "aliases in a circle",
    answerTo("a.example", "A", [cname("a.example", "b.example"), cname("b.example", "a.example"), ONE]),
    [],
  ],
  ["addresses of another name", answerTo("other.example", "A", [ONE]), []],
  [
    "letters large and small, as resolvers mix them against forgers",
    answerTo("dB.eXample", "A", [a("Db.exAMPLE", "192.0.2.7")]),
    ["db.example 192.0.2.7"],
  ],
  ["one label", answerTo("postgres", "A", [a("postgres", "172.18.0.3")]), ["postgres 172.18.0.3"]],
  [
    "loopback and no address at all, with which blockers answer",
    answerTo("ads.example", "A", [
      a("ads.example", "127.0.0.1"),
      a("ads.example", "0.0.0.0"),
      a("ads.example", "224.0.0.1"),
    ]),
    [],
  ],
  [
    "the name of an IPv4 address",
    answerTo("7.2.0.192.in-addr.arpa", "PTR", [ptr("7.2.0.192.in-addr.arpa", "Host-7.example")]),
    ["<host-7.example 192.0.2.7"],
  ],
  [
    "the name of an IPv6 address",
    answerTo(`7.${"0.".repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`, "PTR", [
      ptr(`7.${"0.".repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`, "h.example"),
    ]),
    ["<h.example 2001:db8::7"],
  ],
  [
    "the name of an address through an alias, as RFC 2317 delegates them",
    answerTo("7.2.0.192.in-addr.arpa", "PTR", [
      cname("7.2.0.192.in-addr.arpa", "7.0/25.2.0.192.in-addr.arpa"),
      ptr("7.0/25.2.0.192.in-addr.arpa", "h.example"),
    ]),
    ["<h.example 192.0.2.7"],
  ],
  [
    "the name of something that is no address",
    answerTo("300.2.0.192.in-addr.arpa", "PTR", [ptr("300.2.0.192.in-addr.arpa", "h.example")]),
    [],
  ],
  [
    "the name of loopback",
    answerTo("1.0.0.127.in-addr.arpa", "PTR", [ptr("1.0.0.127.in-addr.arpa", "localhost")]),
    [],
  ],
  [
    "hints of HTTPS",
    answerTo("svc.example", `UNKNOWN_${HTTPS}`, [unknown("svc.example", HTTPS, V4_ONLY)]),
    ["svc.example 192.0.2.1", "svc.example 192.0.2.2"],
  ],
  [
    "hints of HTTPS on another port, behind another parameter",
    answerTo("_8443._https.svc.example", `UNKNOWN_${HTTPS}`, [
      unknown("_8443._https.svc.example", HTTPS, WITH_TARGET),
    ]),
    ["svc.example 2001:db8::7"],
  ],
  [
    "hints that say they are longer than their record",
    answerTo("svc.example", `UNKNOWN_${HTTPS}`, [
      unknown("svc.example", HTTPS, Buffer.from([0, 1, 0, 0, 4, 255, 255, 192, 0, 2, 1])),
    ]),
    [],
  ],
  [
    "records of kinds that say nothing of addresses",
    answerTo("db.example", "A", [
      { name: "db.example", type: "TXT", data: "192.0.2.9" },
      unknown("db.example", 46, Buffer.alloc(20)),
      ONE,
    ]),
    ["db.example 192.0.2.7"],
  ],
  [
    "an address of another class",
    answerTo("db.example", "A", [{ name: "db.example", type: "A", class: "CH", data: "192.0.2.7" }]),
    [],
  ],
  [
    "a question",
    packet.encode({ type: "query", questions: [{ name: "db.example", type: "A" }], answers: [ONE] }),
    [],
  ],
  ["an error", answerTo("db.example", "A", [ONE], 3), []],
  ["an answer to an update", answerTo("db.example", "A", [ONE], 5 << 11), []],
  ["an empty answer", answerTo("db.example", "A", []), []],
  ["no question", packet.encode({ type: "response", answers: [ONE] }), []],
  [
    "bytes behind its end",
    Buffer.concat([answerTo("db.example", "A", [ONE]), Buffer.alloc(3000, 0xc0)]),
    ["db.example 192.0.2.7"],
  ],
];

describe("what an answer tells", () => {
  for (const [what, message, expected] of ANSWERS)
    test(what, () => assert.deepEqual(told(message), expected));

  test("with its time to live, which is none with the highest bit set", () => {
    const ttls = [0, 300, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
    const message = answerTo(
      "db.example",
      "A",
      ttls.map((ttl, index) => a("db.example", `192.0.2.${index}`, ttl)),
    );
    assert.deepEqual(
      decodeAnswer(message).map(({ ttlS }) => ttlS),
      [0, 300, 2 ** 31 - 1, 0, 0],
    );
  });
});

const QUESTION = Buffer.concat([labels("db", "example"), typeOf(1)]);
const TO_QUESTION = Buffer.from([0xc0, 12]);
const ADDRESS = record(1, Buffer.from([192, 0, 2, 7]));
const GOOD = Buffer.concat([TO_QUESTION, ADDRESS]);
const POINTERS = Buffer.alloc(2000);
for (let at = 0; at < POINTERS.length; at += 2)
  POINTERS.writeUInt16BE(0xc000 | (12 + QUESTION.length + Math.max(0, at - 2)), at);

/** What comes behind the question, and what is told nevertheless. */
const HOSTILE: readonly [what: string, records: number, rest: Buffer, told: number][] = [
  ["a name that points to itself", 1, Buffer.concat([Buffer.from([0xc0, 12 + QUESTION.length]), ADDRESS]), 0],
  ["a name that points forward", 1, Buffer.concat([Buffer.from([0xc3, 0xff]), ADDRESS]), 0],
  ["a name that points behind the end", 1, Buffer.from([0xff, 0xff]), 0],
  ["half a pointer", 1, Buffer.from([0xc0]), 0],
  ["a thousand pointers in a row", 60, POINTERS, 0],
  ["a label longer than the rest", 1, Buffer.from([63, 97]), 0],
  ["a label of a reserved kind", 1, Buffer.concat([Buffer.from([0x80, 1, 0]), ADDRESS]), 0],
  [
    "a name of 64 KB",
    1,
    Buffer.concat([labels(...Array.from({ length: 1000 }, () => "x".repeat(63))), ADDRESS]),
    0,
  ],
  [
    "a record longer than the rest",
    2,
    Buffer.concat([GOOD, TO_QUESTION, record(1, Buffer.alloc(4), 65_535)]),
    1,
  ],
  ["an address of no bytes", 2, Buffer.concat([TO_QUESTION, record(1, Buffer.alloc(0)), GOOD]), 1],
  ["an address of five bytes", 2, Buffer.concat([TO_QUESTION, record(1, Buffer.alloc(5, 9)), GOOD]), 1],
  [
    "text whose lengths do not add up",
    2,
    Buffer.concat([TO_QUESTION, record(16, Buffer.from([255, 1])), GOOD]),
    1,
  ],
  [
    "an option behind the end of its record",
    2,
    Buffer.concat([Buffer.from([0]), record(41, Buffer.from([0, 8, 255, 255])), GOOD]),
    1,
  ],
  ["a record cut in two", 2, Buffer.concat([GOOD, GOOD.subarray(0, 9)]), 1],
  ["65,535 records that are not there", 65_535, GOOD, 1],
  ["four thousand records", 4000, Buffer.concat(Array.from({ length: 4000 }, () => GOOD)), 256],
  [
    "a thousand names",
    1000,
    Buffer.concat(Array.from({ length: 1000 }, () => Buffer.concat([labels("db", "example"), ADDRESS]))),
    63,
  ],
];

describe("of a message that lies, what came before the lie", () => {
  for (const [what, records, rest, count] of HOSTILE) {
    test(what, () => {
      const message = Buffer.concat([header(records), QUESTION, rest]);
      assert.deepEqual(told(message), Array(count).fill("db.example 192.0.2.7"));
    });
  }

  const NAMES: readonly [what: string, label: string | Buffer][] = [
    ["a control character", "a\u001b[2Jb"],
    ["a NUL", "a\0b"],
    ["a mark that turns the direction of writing", "a\u202eb"],
    ["a letter that looks like another one", "\u0430pple"],
    ["bytes that are no UTF-8", Buffer.from([0x61, 0xff, 0xfe])],
    ["a letter that only becomes another one in lower case", "\u212a"],
    ["a space", "a b"],
    ["a slash", "a/b"],
    ["nothing but a dot", "."],
  ];
  for (const [what, label] of NAMES) {
    test(`a name with ${what} is not shown`, () => {
      const question = Buffer.concat([labels(label, "example"), typeOf(1)]);
      assert.deepEqual(told(Buffer.concat([header(1), question, GOOD])), []);
      const asked = labels("7", "2", "0", "192", "in-addr", "arpa");
      const pointer = Buffer.concat([TO_QUESTION, record(12, labels(label, "example"))]);
      assert.deepEqual(told(Buffer.concat([header(1), asked, typeOf(12), pointer])), []);
    });
  }
});
