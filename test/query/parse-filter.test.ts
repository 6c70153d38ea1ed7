import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NpmonError } from "../../src/error/error.ts";
import { formatFilter } from "../../src/query/format-filter.ts";
import { MAX_DEPTH, MAX_FILTER_UNITS, parseFilter } from "../../src/query/parse-filter.ts";
import { QueryError } from "../../src/query/query-text.ts";
import { createTagNames } from "../../src/query/tag-names.ts";

/** The second one is left out where the text is the one spelling already. */
const FITTING: readonly (readonly [text: string, canonical?: string])[] = [
  [
    "source.service:web* AND (destination.port:443 OR destination.ip:10.0.0.0/8) -process:curl retransmits:>0",
    "source.service:web* (destination.port:443 OR destination.ip:10.0.0.0/8) -process:curl retransmits:>0",
  ],
  ["service:web"],
  ["  service:web\t", "service:web"],
  ["src.service:a dst.port:1", "source.service:a destination.port:1"],
  ["client.pod:a server.ip:fe80::1"],
  ["service:a service:b OR service:c", "service:a AND service:b OR service:c"],
  ["service:a (service:b OR service:c)"],
  ["(service:a service:b) OR service:c", "service:a AND service:b OR service:c"],
  ["((service:a)) (service:b service:c)", "service:a service:b service:c"],
  ["service:a OR (service:b OR service:c)", "service:a OR service:b OR service:c"],
  ["service:a OR service:b (service:c OR pod:d)", "service:a OR service:b AND (service:c OR pod:d)"],
  ["NOT service:a", "-service:a"],
  ["NOT(service:a OR pod:b)", "-(service:a OR pod:b)"],
  ["-(service:a pod:b)"],
  ["NOT -service:a", "service:a"],
  ["---service:a", "-service:a"],
  ["-NOT NOT service:a", "-service:a"],
  ["service:a -service:*"],
  ["service:*"],
  ["service:**", "service:*"],
  ["service:a*?*b", "service:a?*b"],
  ["service:???*"],
  ['service:"a b"'],
  ["service:'a b'", 'service:"a b"'],
  ['service:""'],
  ['service:"web"', "service:web"],
  ['service:"a*b"'],
  ['process:"Web Con"*'],
  ["process:'Web Con'*", 'process:"Web Con"*'],
  ['process:*"(sd-pam)"?'],
  ['service:"a""b"c', "service:abc"],
  ["service:O'Brien", 'service:"O\'Brien"'],
  ['service:"\\"\\\\"'],
  ['service:"\\n\\t\\x1b\\u202e\\u{1f600}"', 'service:"\\u{a}\\u{9}\\u{1b}\\u{202e}😀"'],
  ['service:"\\ud83d\\ude00"', 'service:"😀"'],
  ["unit:dev\\x2dsda.swap", 'unit:"dev\\\\x2dsda.swap"'],
  ["service:naïve.日本", "service:naïve.日本"],
  ["image:registry:5000/shop/web:1.2@sha256:ab"],
  ['service:"N/A"'],
  ["service:OR"],
  ["port:443"],
  ["port:0443", "port:443"],
  ["port:80,443"],
  ["port:(80 OR 443)", "port:80,443"],
  ["port:( 80 , >1024 OR [1 TO 9])", "port:80,>1024,[1 TO 9]"],
  ['service:(web* OR "a b")', 'service:web*,"a b"'],
  ["image:(nginx:1 OR redis:7)", "image:nginx:1,redis:7"],
  ["port:[8000 TO 8999]"],
  ["port:[ 8000   to 8999 ]", "port:[8000 TO 8999]"],
  ["port:[* TO 10]", "port:<=10"],
  ["port:[10 TO *]", "port:>=10"],
  ["port:[* TO *]", "port:*"],
  ["pid:>=4194304 netns:4026531840"],
  ["ip:10.0.0.1"],
  ["ip:10.0.0.1/32", "ip:10.0.0.1"],
  ["ip:10.1.2.3/8", "ip:10.0.0.0/8"],
  ["ip:::ffff:10.0.0.1", "ip:10.0.0.1"],
  ["ip:::ffff:10.0.0.0/104", "ip:10.0.0.0/8"],
  ["ip:FE80:0:0::1", "ip:fe80::1"],
  ["ip:2001:DB8::/32,10.*", "ip:2001:db8::/32,10.*"],
  ["ip:0.0.0.0/0,::/0"],
  ["subnet:10.0.0.0/8"],
  ["subnet:10.0.0.1", "subnet:10.0.0.1/32"],
  ["subnet:10.*"],
  ["protocol:TCP direction:out* family:ipv4,ipv6", "protocol:tcp direction:out* family:ipv4,ipv6"],
  ["-direction:*"],
  ["curl"],
  ["curl* -wget", "curl* -wget"],
  ['"web server"'],
  ['"or" "443" "10.0.0.1" "-x" "source.port" "rtt"'],
  ['"curl"', "curl"],
  ["node.example.org"],
  ["10.0.0.1"],
  ["-10.0.0.1/8", "-10.0.0.0/8"],
  ["FE80::1 ::1 ::/0", "fe80::1 ::1 ::/0"],
  ["label.app:web"],
  ["source.label.app.kubernetes.io/name:web", "source.label.app.kubernetes.io/name:web"],
  ['label."a b:c,(d)":x'],
  ['label."app":x', "label.app:x"],
  ["label.App:x"],
  ["retransmits:0 failed.timed_out:>1k opened:[1 TO 10M]"],
  ["rtt:>10ms jitter:<=1.5s rtt:[150us TO 2ms]"],
  ["rtt:>1µs", "rtt:>1us"],
  ["rtt:>0", "rtt:>0us"],
  ["-rtt:*"],
  ["bytes:>=1.5mib bytes_sent:<10KB bytes_received:0", "bytes:>=1.5MiB bytes_sent:<10kB bytes_received:0"],
  ["sent:>1MiB received:>=10mbit/s traffic:0", "sent:>1MiB/s received:>=10Mbit/s traffic:0"],
  ["retransmits:>0 OR failed:>0"],
  ["-(retransmits:0 failed:0) service:a", "-(retransmits:0 failed:0) service:a"],
  ["(service:a retransmits:>0) pod:b", "service:a retransmits:>0 pod:b"],
];

const MISFITTING: readonly (readonly [text: string, column: number, says: RegExp])[] = [
  ["servcie:web", 1, /no tag "servcie"; did you mean `service`\?/],
  ["Service:web", 1, /did you mean `service`\?/],
  ["port:1 servcie:web", 8, /did you mean `service`\?/],
  ["source.servcie:web", 8, /no endpoint tag "servcie"; did you mean `service`\?/],
  ["sourc.port:1", 1, /no end "sourc"; did you mean `source`\?/],
  ["source.protocol:tcp", 1, /`protocol` belongs to the flow.*without a prefix/],
  ["source.rtt:>1ms", 1, /`rtt` is counted for the whole row.*without a prefix/],
  ["failed.refsed:>1", 1, /did you mean `failed\.refused`\?/],
  ["retransmit:>1", 1, /did you mean `retransmits`\?/],
  ["xyzzy:1", 1, /expected service process .* family/],
  [":443", 1, /no tag before the colon/],
  ["label.:x", 7, /no name after `label\.`/],
  ["source.label.:x", 14, /no name after `label\.`/],
  ['label."a b"', 12, /expected : and then a value/],
  [`label.${"x".repeat(600)}:x`, 7, /at most 512 characters/],
  ["10.0.0.1:443", 1, /destination\.ip:10\.0\.0\.1 destination\.port:443/],
  ['"service":x', 1, /a tag between quotes/],
  ["source.port", 1, /a tag without a value.*source\.port:VALUE/],
  ["rtt", 1, /a tag without a value/],
  ["retransmits>0", 1, /without a colon; expected "retransmits:>0"/],
  ["service=web", 1, /expected "service:web"/],
  ["443", 1, /a number alone; expected port:443/],
  ["*", 1, /\* alone fits everything/],
  ["[1 TO 2]", 1, /a range without a tag/],
  ["a or b", 3, /expected OR, or "or" between quotes/],
  ["And", 1, /expected AND/],
  ["a && b", 3, /expected AND/],
  ["a || b", 3, /expected OR/],
  ["!service:a", 1, /expected - or NOT/],
  ["service:!=a", 9, /- before the tag: -service:…/],
  ["service:!a", 9, /- before the tag: -service:…/],
  ["AND a", 1, /found "AND"; expected a term/],
  ["a AND", 6, /the filter ends; expected a term/],
  ["a OR OR b", 6, /found "OR"; expected a term/],
  ["NOT", 4, /the filter ends/],
  ["-", 2, /nothing right after -/],
  ["- a", 2, /nothing right after -/],
  ["(", 2, /the filter ends/],
  ["()", 2, /nothing between \( and \)/],
  ["( )", 3, /nothing between \( and \)/],
  ["(a", 1, /this \( has no \)/],
  ["b (a (c)", 3, /this \( has no \)/],
  ["a)", 2, /no \( before this \)/],
  [")", 1, /found "\)"; expected a term/],
  ["a(b)", 2, /a space, or quotes/],
  ["service:a(b)", 10, /a space, or quotes/],
  ["a,b", 2, /a list of values belongs to a tag/],
  [",", 1, /found ","/],
  ["service:", 9, /no value here/],
  ["service: web", 9, /no value here/],
  ["(service:)", 10, /found "\)"; expected a value/],
  ["service:a,", 11, /no value here/],
  ["service:a, b", 11, /a space in a list/],
  ["service:,a", 9, /found ","/],
  ["service:(", 10, /no value here/],
  ["service:()", 10, /found "\)"; expected a value/],
  ["service:(a b)", 12, /no OR between two values/],
  ["service:(a AND b)", 12, /no OR between two values/],
  ["service:(a or b)", 12, /expected OR/],
  ["service:(a OR b", 9, /this \( has no \)/],
  ["service:(a OR b)c", 17, /in a term/],
  ["service:N/A", 9, /expected -service:\* for that/],
  ["port:n/a", 6, /expected -port:\*/],
  ['service:"a', 9, /this quote has no end; expected another "/],
  ["service:'a", 9, /expected another '/],
  ['service:"a\\d"', 11, /no such escape/],
  ['service:"\\u{110000}"', 10, /no such escape/],
  ["service:>5", 9, /`>` is for numbers, and service is none/],
  ["service:[a TO b]", 9, /a range is for numbers, and service is none/],
  ["port:web", 6, /expected a port from 0 to 65535/],
  ["port:8*", 6, /found "8\*"; expected a port/],
  ["port:70000", 6, /expected a port from 0 to 65535/],
  ["port:-1", 6, /expected a port/],
  ["port:1.5", 6, /expected a port/],
  ["port:8000-8999", 6, /expected a range as \[8000 TO 8999\]/],
  ["port:8000..8999", 6, /expected a range as \[8000 TO 8999\]/],
  ["port:=80", 6, /expected the number itself/],
  ["port:=>80", 6, /expected >=/],
  ["port:>", 7, /no number here/],
  ["port:> 5", 7, /no number here/],
  ["port:>>5", 7, /found ">5"/],
  ["port:[1 5]", 9, /no TO in the range/],
  ["port:[1 TO 5", 13, /the range has no end; expected \]/],
  ["port:[5 TO 1]", 6, /the range is empty/],
  ["port:[ TO 1]", 8, /found "TO"/],
  ["port:[1 TO 2]3", 14, /in a term/],
  ["pid:99999999999999999", 5, /expected a whole number/],
  ["ip:10.0", 4, /expected all four numbers, or 10\.0\.\*/],
  ["ip:10.0.0.256", 4, /"10\.0\.0\.256" is no address/],
  ["ip:10.0.0.0/33", 4, /is no address/],
  ["ip:[::1]", 4, /expected an address/],
  ["ip:fe80::1%eth0", 4, /an address with a zone/],
  ["subnet:web", 8, /expected a network/],
  ["protocol:tpc", 10, /no protocol "tpc"; did you mean `tcp`\?/],
  ["direction:sideways", 11, /expected outgoing or incoming or none/],
  ["rtt:>10", 6, /expected a time such as 150us, 10ms or 1\.5s/],
  ["rtt:>10m", 6, /expected a time/],
  ["bytes:>1M", 8, /expected bytes such as 500, 10kB or 1MiB/],
  ["bytes:>1MiB/s", 8, /expected bytes/],
  ["retransmits:web", 13, /expected a number such as 0/],
  [`service:${"*a".repeat(501)}`, 9, /wildcards of more than 1000 characters/],
  ["service:a OR rtt:>1ms", 14, /"rtt" is counted for a row.*one OR; expected the measure beside the OR/],
  ["rtt:>1ms OR service:a", 1, /one OR/],
  ["service:a OR (pod:b rtt:>1ms)", 21, /one OR/],
  ["-(curl rtt:>1ms)", 8, /one NOT/],
  ["😀:x", 1, /no tag "😀"/],
  ["service:😀 port:x", 16, /found "x"/],
  ["\u001b[31m:x", 1, /no tag "\\u\{1b\}\[31m"/],
  ["\u202eport:1", 1, /no tag "\\u\{202e\}port"/],
  ["__proto__:1", 1, /no tag "__proto__"/],
  ["constructor.ip:1", 1, /no end "constructor"/],
];

function assertMisfit(act: () => unknown, place: string, column: number, says: RegExp): void {
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof QueryError && error instanceof NpmonError, String(error));
    assert.equal(error.code, "usage");
    assert.equal(error.column, column, error.message);
    assert.ok(error.message.startsWith(`${place}, column ${column}: `), error.message);
    assert.match(error.message, says);
    assert.ok(error.message.length < 500);
    assert.doesNotMatch(error.message + error.remedy, /\p{Cc}|\u2028|\u202e/u);
    assert.equal(error.caret.marker.at(-1), "^");
    return true;
  });
}

describe("parseFilter", () => {
  for (const [text, canonical = text] of FITTING) {
    it(`reads ${text} as ${canonical}`, () => {
      const filter = parseFilter(text);
      assert.ok(filter !== null);
      assert.equal(formatFilter(filter), canonical);
      assert.deepEqual(parseFilter(canonical), filter);
    });
  }

  for (const [text, column, says] of MISFITTING) {
    it(`refuses ${JSON.stringify(text.slice(0, 60))} at column ${column}`, () => {
      assertMisfit(() => parseFilter(text), "--filter", column, says);
    });
  }

  it("takes a text of spaces for no filter at all", () => {
    for (const text of ["", "  ", "\t\n"]) assert.equal(parseFilter(text), null);
  });

  it("begins messages with the place that it is given", () => {
    assertMisfit(
      () => parseFilter("prot:1", { place: "system-probe.yaml line 12" }),
      "system-probe.yaml line 12",
      1,
      /did you mean `port`/,
    );
  });

  it("knows the tags that the user defined, and suggests them", () => {
    const names = createTagNames(["team", "availability_zone"]);
    const filter = parseFilter("team:pay* source.availability_zone:a -team:*", { names });
    assert.equal(filter && formatFilter(filter), "team:pay* source.availability_zone:a -team:*");
    assertMisfit(() => parseFilter("taem:x", { names }), "--filter", 1, /did you mean `team`/);
    assertMisfit(() => parseFilter("team:x"), "--filter", 1, /no tag "team"/);
  });

  it("gives a value that cannot be changed, however deep one looks", () => {
    const isFrozen = (value: unknown): boolean =>
      typeof value !== "object" ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(isFrozen));
    for (const text of ["-(a OR port:80,>1,[1 TO 2]) ip:10.0.0.0/8 service:a?b* rtt:>1ms -pod:*"]) {
      assert.ok(isFrozen(parseFilter(text)));
    }
  });

  it(`takes ${MAX_DEPTH} brackets within brackets and no more`, () => {
    const nested = (depth: number) => `${"(".repeat(depth)}service:a${")".repeat(depth)}`;
    assert.deepEqual(parseFilter(nested(MAX_DEPTH)), parseFilter("service:a"));
    assertMisfit(() => parseFilter(nested(MAX_DEPTH + 1)), "--filter", MAX_DEPTH + 1, /flatter/);
    assertMisfit(() => parseFilter(nested(10_000)), "--filter", MAX_DEPTH + 1, /flatter/);
    assert.ok(parseFilter("(service:a) ".repeat(1_000)));
  });

  it("takes a text of 65,536 characters and no more", () => {
    const text = "service:a ".repeat(10_000).slice(0, MAX_FILTER_UNITS);
    assert.ok(parseFilter(text.trimEnd()));
    assertMisfit(() => parseFilter(`${text}a`), "--filter", MAX_FILTER_UNITS + 1, /too long/);
  });
});

describe("parseFilter of one endpoint", () => {
  const parse = (text: string) => parseFilter(text, { scope: "endpoint", place: "rule 1" });

  it("takes tags without a prefix, words and addresses", () => {
    for (const text of ["service:web* -port:80,443", "nginx OR 10.0.0.0/8", "label.app:web"]) {
      assert.deepEqual(parse(text), parseFilter(text));
    }
  });

  for (const [text, column, says] of [
    [
      "ip:10.0.0.1 source.port:1",
      13,
      /"source\.port" cannot be asked of one endpoint.*expected port without/,
    ],
    ["client.label.app:x", 1, /expected label\.app without/],
    ["protocol:tcp", 1, /it belongs to the flow/],
    ["port:1 rtt:>1ms", 8, /it is counted for rows/],
  ] as const) {
    it(`refuses ${text}`, () => assertMisfit(() => parse(text), "rule 1", column, says));
  }
});
