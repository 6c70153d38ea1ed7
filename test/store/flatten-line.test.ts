import assert from "node:assert/strict";
import { test } from "node:test";
import { createSnapshotDecoder } from "../../src/snapshot/decode.ts";
import type { SnapshotFlow } from "../../src/snapshot/snapshot.ts";
import { flattenSnapshot } from "../../src/store/flatten.ts";
import { flattenLine } from "../../src/store/flatten-line.ts";
import { createSnapshot } from "../view/fixtures/snapshots.ts";
import { createRandom } from "./random-fleet.ts";

const MAX_ROWS = 50;
const decode = createSnapshotDecoder();

/** What the journal gets when every value of the text is looked at. */
const slowly = (line: Buffer): Buffer => flattenSnapshot(decode(line.toString("utf8"), "")).block;
const fast = (line: Buffer): Buffer | null => flattenLine(line, decode, MAX_ROWS)?.flat.block ?? null;

const NONE = { refused: 0, reset: 0, timed_out: 0, unreachable: 0, other: 0 };

/** In the order in which npmon writes it. */
const row = (changes: Partial<SnapshotFlow> = {}): SnapshotFlow => ({
  source: { service: "web", process: "nginx", ip: "10.0.0.1", port: null, netns: 4_026_531_840, team: "a" },
  destination: { service: null, ip: "10.0.0.2", port: 443 },
  protocol: "tcp",
  direction: "outgoing",
  family: "ipv4",
  bytes_sent: 1_258_291,
  bytes_received: 20_480,
  packets_sent: 900,
  packets_received: 0,
  retransmits: 7,
  rtt_us: 120,
  rtt_var_us: 15,
  connections: { active: 12, opened: 3, closed: 2, failed: { ...NONE, reset: 4 } },
  ...changes,
});

const { rtt_us: _, rtt_var_us: __, ...untimed } = row();
const { source: ___, destination: ____, ...endless } = row();
const client = { service: "web", port: null };
const server = { service: "db", port: 5432 };

const lineOf = (...flows: readonly SnapshotFlow[]): Buffer =>
  Buffer.from(JSON.stringify(createSnapshot({ flows })));

for (const [what, flows] of [
  ["no rows", []],
  ["a row with every part", [row()]],
  ["rows with other tags than the row before", [row(), row({ source: { pid: 7, exe: "/x" } }), row()]],
  ["tags in another order", [row({ source: { port: 1, service: "x", host: "h" } }), row()]],
  ["ends without tags, and no ends", [row({ source: {}, destination: {} }), endless as SnapshotFlow]],
  ["client and server", [{ client, server, ...endless, direction: "incoming" }]],
  ["only a server", [{ server, ...endless }]],
  ["tags of the flow that are not known", [row({ protocol: null, direction: null, family: null })]],
  ["no round-trip time", [untimed]],
  ["user's tags out of order", [row({ source: { zone: "z", ip: "::1", area: "a", "label.A/b c": "v" } })]],
  ["user's tags of which some are not known", [row({ source: { area: null, zone: "z" } })]],
  ["names in other scripts", [row({ source: { service: "日本語", team: "👩‍👩‍👧‍👦", "label.ä": "é" } })]],
  ["signs that SQL and CSV know", [row({ source: { service: "';--,|", process: "\u007f\u2028" } })]],
] as const) {
  test(`${what}: read quickly, the same as read by the schema`, () => {
    const line = lineOf(...(flows as readonly SnapshotFlow[]));
    assert.equal(fast(line)?.toString(), slowly(line).toString());
  });
}

test("counters of every length come out as they went in", () => {
  const numbers = Array.from({ length: 16 }, (_, digits) => 10 ** digits - 1);
  const flows = numbers.map((bytes_sent) =>
    row({
      bytes_sent,
      rtt_us: bytes_sent,
      connections: { active: bytes_sent, opened: 1, closed: bytes_sent, failed: NONE },
    }),
  );
  const line = lineOf(...flows);
  assert.equal(fast(line)?.toString(), slowly(line).toString());
});

test("a deviation without a round-trip time is none", () => {
  const line = Buffer.from(lineOf(row()).toString().replace('"rtt_us":120,', ""));
  assert.equal(fast(line)?.toString(), slowly(line).toString());
});

const whole = lineOf(row(), row({ bytes_sent: 5 })).toString();
const without = (from: string | RegExp, to: string): string => {
  const text = whole.replace(from, to);
  assert.notEqual(text, whole);
  return text;
};

/** What can be read in two ways, or needs a closer look: taken as a whole or refused by the schema. */
for (const [what, text] of [
  ["white space", without('"bytes_sent":', '"bytes_sent": ')],
  ["an escape", without('"nginx"', '"n\\u0067inx"')],
  ["a quote in a value", without('"nginx"', '"n\\"x"')],
  ["a tag twice", without('"process":"nginx"', '"process":"nginx","service":"other"')],
  ["a tag twice, then unknown", without('"process":"nginx"', '"process":"nginx","service":null')],
  ["a user's tag twice", without('"team":"a"', '"team":"a","team":"b"')],
  ["an end twice", without('"protocol":', '"source":{},"protocol":')],
  ["ends of both views", without('"protocol":', '"client":{},"protocol":')],
  ["a counter twice", without('"retransmits":7', '"retransmits":7,"retransmits":8')],
  [
    "a counter in another place",
    without(/"bytes_sent":\d+,"bytes_received":\d+/, '"bytes_received":1,"bytes_sent":2'),
  ],
  ["a counter that is missing", without(/"bytes_received":\d+,/, "")],
  ["a negative counter", without('"retransmits":7', '"retransmits":-7')],
  ["a fraction", without('"rtt_us":120', '"rtt_us":120.5')],
  ["an exponent", without('"retransmits":7', '"retransmits":7e1')],
  ["a number that begins with 0", without('"retransmits":7', '"retransmits":07')],
  ["a number beyond what is exact", without('"retransmits":7', '"retransmits":9007199254740993')],
  ["a port that is a text", without('"port":443', '"port":"443"')],
  ["a name that is a number", without('"nginx"', "5")],
  ["a name that is nothing", without('"nginx"', '""')],
  ["a name that is too long", without('"nginx"', `"${"n".repeat(2049)}"`)],
  ["an end in an end", without('"nginx"', '{"x":"y"}')],
  ["a name that no tag has", without('"team"', '"Team"')],
  ["the name of a prototype", without('"team"', '"__proto__"')],
  ["65 user's tags", without('"team":"a"', Array.from({ length: 65 }, (_, i) => `"t${i}":"v"`).join(","))],
  ["another protocol", without('"tcp"', '"icmp"')],
  ["true", without('"retransmits":7', '"retransmits":true')],
  ["something behind the rows", without(/\}$/, ',"host":"other"}')],
  ["other rows behind the rows", without(/\}$/, ',"flows":[]}')],
  ["rows of something within", without('"probe":{', '"probe":{"flows":[],')],
  ["a comma too many", without(/\]\}$/, ",]}")],
  ["the end cut off", whole.slice(0, -3)],
  ["a control character", without("nginx", "ngi\u0001nx")],
  ["more rows than are taken", lineOf(...Array.from({ length: MAX_ROWS + 1 }, () => row())).toString()],
] as const) {
  test(`${what}: the whole is read by the schema`, () => {
    assert.equal(fast(Buffer.from(text)), null);
  });
}

test("bytes that are no UTF-8: the whole is read by the schema", () => {
  const line = Buffer.from(whole);
  line[line.indexOf("nginx")] = 0xff;
  assert.equal(fast(line), null);
});

/** Pieces that mean something where rows are. */
const PIECES = [
  ...'{}[]:,"\\0 9-.etn\t',
  ..."abc123",
  ...["null", '""', '"service":', '"source":{', '"flows":[', '"bytes_sent":', "}}}", '{"', '\\"', "é", "00"],
];

test("whatever is damaged, what is read quickly is what the schema reads", () => {
  const random = createRandom(20_261_127);
  const below = (most: number) => Math.floor(random() * most);
  const lines = [whole, lineOf({ client, server, ...endless }).toString()];
  let quick = 0;
  for (let round = 0; round < 20_000; round++) {
    let text = lines[below(lines.length)] ?? "";
    for (let change = below(2); change >= 0; change--) {
      const at = below(text.length);
      const kind = below(3);
      const piece = kind === 0 ? "" : (PIECES[below(PIECES.length)] ?? "");
      // away, in place of something, or in between; or a part of the text elsewhere
      const cut = kind === 2 ? 0 : 1 + below(below(2) === 0 ? 1 : 12);
      const moved = below(4) === 0 ? text.slice(at, at + below(60)) : piece;
      const to = below(2) === 0 ? at : below(text.length);
      text = text.slice(0, to) + moved + text.slice(to + cut);
    }
    const line = Buffer.from(text);
    const read = fast(line);
    if (read === null) continue;
    quick++;
    assert.equal(read.toString(), slowly(line).toString(), text);
  }
  // nothing would be shown by lines that are all given up
  assert.ok(quick > 200, `${quick} read quickly`);
});
