import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { completeQuestion, type QuestionKind } from "../../src/query/complete-question.ts";
import { parseFilter } from "../../src/query/parse-filter.ts";
import { createTagNames } from "../../src/query/tag-names.ts";

const VALUES: Readonly<Record<string, readonly string[]>> = {
  service: ["nginx", "Node", "web server", "(sd-pam)", 'a"b', "N/A", "or"],
  process: ["node", "nginx: worker"],
  port: ["443", "5432"],
  ip: ["10.0.0.1", "fe80::1"],
  "label.": ["app", "app.kubernetes.io/name", "odd name"],
  "label.app": ["shop"],
  team: ["payments"],
};

const names = createTagNames(["team"]);

/** The `|` is the cursor. */
function complete(kind: QuestionKind, marked: string) {
  const cursor = marked.indexOf("|");
  const text = marked.replace("|", "");
  return completeQuestion(kind, text, cursor, (tag) => VALUES[tag] ?? [], names);
}

const ASKED: readonly (readonly [
  kind: QuestionKind,
  marked: string,
  from: number,
  candidates: readonly string[],
])[] = [
  ["filter", "serv|", 0, ["service:", "service_source:", "server."]],
  ["filter", "service:web por|", 12, ["port:"]],
  ["filter", "-po|rt:1", 1, ["pod:", "port:"]],
  ["filter", "(po|", 1, ["pod:", "port:"]],
  ["filter", "source.po|", 0, ["source.pod:", "source.port:"]],
  ["filter", "dst.te|", 0, ["dst.team:"]],
  ["filter", "te|", 0, ["team:"]],
  ["filter", "proto|", 0, ["protocol:"]],
  ["filter", "retr|", 0, ["retransmits:"]],
  ["filter", "failed.re|", 0, ["failed.refused:", "failed.reset:"]],
  ["filter", "la|", 0, ["label."]],
  ["filter", "label.|", 0, ["label.app:", "label.app.kubernetes.io/name:"]],
  ["filter", "src.label.app.|", 0, ["src.label.app.kubernetes.io/name:"]],
  ["filter", "service:web O|", 12, ["OR"]],
  ["filter", "O|", 0, ["opened:"]],
  ["filter", "service:web A|", 12, ["AND"]],
  ["filter", "service:web AND N|", 16, ["NOT"]],
  ["filter", "service:web OR A|", 15, ["active:"]],
  ["filter", "(service:web) O|", 14, ["OR"]],
  ["filter", "service:n|", 8, ["nginx", "Node", '"N/A"']],
  ["filter", "service:NG|", 8, ["nginx"]],
  ["filter", "service:|", 8, ["nginx", "Node", '"web server"', '"(sd-pam)"', '"a\\"b"', '"N/A"', "or", "*"]],
  ["filter", "service:web,n|", 12, ["nginx", "Node", '"N/A"']],
  ["filter", "service:(web OR n|", 16, ["nginx", "Node", '"N/A"']],
  ["filter", "service:(web |", 13, ["OR"]],
  ["filter", "service:(web O|", 13, ["OR"]],
  ["filter", "service:(web OR no) po|", 20, ["pod:", "port:"]],
  ["filter", 'service:"web |', 8, ['"web server"']],
  ["filter", 'service:"a\\"|', 8, ['"a\\"b"']],
  ["filter", "service:'web s|", 8, ['"web server"']],
  ["filter", 'service:"a b" po|', 14, ["pod:", "port:"]],
  ["filter", "port:|", 5, ["443", "5432", "*"]],
  ["filter", "source.port:5|", 12, ["5432"]],
  ["filter", "ip:fe80::|", 3, ["fe80::1"]],
  ["filter", "label.app:|", 10, ["shop", "*"]],
  ["filter", "client.label.app:s|", 17, ["shop"]],
  ["filter", "protocol:|", 9, ["tcp", "udp", "*"]],
  ["filter", "direction:i|", 10, ["incoming"]],
  ["filter", "rtt:|", 4, [">", ">=", "<", "<=", "0", "*"]],
  ["filter", "rtt:>10|", 4, [">10us", ">10ms", ">10s"]],
  ["filter", "sent:>=1M|", 5, [">=1MB/s", ">=1MiB/s", ">=1Mbit/s"]],
  ["filter", "rtt:>|", 4, []],
  ["filter", "port:[1 TO 2|", 5, []],
  ["filter", "port:[1 TO 2] po|", 14, ["pod:", "port:"]],
  ["filter", "ngi|", 0, ["nginx", '"nginx: worker"']],
  ["filter", "nonsense:|", 9, ["*"]],
  ["group-by", "serv|", 0, ["service", "service_source", "server."]],
  ["group-by", "service, po|", 9, ["pod", "port"]],
  ["group-by", "port,po|", 5, ["pod"]],
  ["group-by", "client.te|", 0, ["client.team"]],
  ["group-by", "f|", 0, ["family", "flow"]],
  ["group-by", "service,f|", 8, ["family"]],
  ["group-by", "source.label.a|", 0, ["source.label.app", "source.label.app.kubernetes.io/name"]],
  ["group-by", "nonsense.|", 0, []],
];

describe("completeQuestion", () => {
  for (const [kind, marked, from, candidates] of ASKED) {
    it(`offers for ${kind} ${marked} ${candidates.join(" ") || "nothing"}`, () => {
      assert.deepEqual(complete(kind, marked), { from, candidates });
    });
  }

  it("offers every tag, measure and end where anything can stand", () => {
    const { candidates } = complete("filter", "|");
    for (const some of ["service:", "team:", "label.", "family:", "rtt:", "source.", "NOT"]) {
      assert.ok(candidates.includes(some), some);
    }
    assert.ok(complete("filter", "service:a |").candidates.includes("OR"));
    assert.ok(!complete("filter", "service:a OR |").candidates.includes("OR"));
  });

  it("offers values that mean themselves when they are put in", () => {
    const value = fc.string({ unit: "binary", minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(
        value,
        fc.constantFrom("service:", 'service:"', "pod:a OR service:(x OR "),
        (text, before) => {
          const { from, candidates } = completeQuestion("filter", before, before.length, () => [text]);
          const [candidate = ""] = candidates;
          const whole = before.slice(0, from) + candidate + (before.includes("(") ? ")" : "");
          const filter = parseFilter(whole);
          const term = filter?.kind === "or" ? filter.parts[1] : filter;
          assert.ok(term?.kind === "tag");
          assert.deepEqual(term.values.at(-1), { kind: "text", text });
        },
      ),
    );
  });

  it("never throws and points into the text, whatever was typed", () => {
    const typed = fc.string({
      unit: fc.oneof(fc.constantFrom(...'service:port ()[]",-\\OR'), fc.string({ maxLength: 1 })),
    });
    fc.assert(
      fc.property(
        fc.constantFrom("filter" as const, "group-by" as const),
        typed,
        fc.nat(40),
        (kind, text, cursor) => {
          const { from, candidates } = completeQuestion(kind, text, cursor, (tag) => VALUES[tag] ?? []);
          assert.ok(from >= 0 && from <= Math.min(cursor, text.length));
          assert.ok(Array.isArray(candidates));
        },
      ),
    );
    for (const text of [
      "(".repeat(65_536),
      '"'.repeat(65_535),
      "service:,".repeat(7_000),
      "a ".repeat(30_000),
    ]) {
      completeQuestion("filter", text, text.length, () => []);
    }
  });

  it("offers a few hundred candidates at most", () => {
    const values = Array.from({ length: 100_000 }, (_, index) => `s${index}`);
    assert.equal(completeQuestion("filter", "service:s", 9, () => values).candidates.length, 300);
  });
});
