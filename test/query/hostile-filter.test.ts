import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { compileFlowFilter } from "../../src/query/compile-filter.ts";
import { compileRowFilter } from "../../src/query/compile-row-filter.ts";
import { allOf, anyOf, type Filter, noneOf, termsOf } from "../../src/query/filter.ts";
import { formatFilter } from "../../src/query/format-filter.ts";
import { parseGroupBy } from "../../src/query/group-by.ts";
import { MAX_FILTER_UNITS, parseFilter } from "../../src/query/parse-filter.ts";
import { countCharacters, QueryError } from "../../src/query/query-text.ts";
import { createTagNames } from "../../src/query/tag-names.ts";
import { flowOf, lookup } from "./endpoint.ts";

const names = createTagNames(["team"]);
const FLOW = flowOf({ service: "web", ip: "10.0.0.1" }, { service: "db", port: 5432 });

/** What a terminal would not only print. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** A text is either understood, and then written and read again as the same, or refused at a place within it. */
function ask(text: string): void {
  let filter: Filter | null;
  try {
    filter = parseFilter(text, { names });
  } catch (error) {
    assert.ok(error instanceof QueryError, String((error as Error).stack));
    assert.ok(error.column >= 1 && error.column <= countCharacters(text) + 1, error.message);
    assert.ok(error.message.length < 600, error.message);
    assert.doesNotMatch(error.message + error.remedy + error.caret.text, UNSAFE);
    return;
  }
  if (filter === null) return;
  const written = formatFilter(filter);
  assert.doesNotMatch(written, UNSAFE);
  // escapes take more room than what they stand for
  if (written.length <= MAX_FILTER_UNITS) {
    const read = parseFilter(written, { names });
    assert.equal(read && formatFilter(read), written);
    if (text.length < 1_000) assert.deepEqual(read, filter, written);
  }
  assert.equal(typeof compileFlowFilter(filter, lookup)(FLOW), "boolean");
}

const NASTY = [
  "\u0000",
  "\u001b[2J",
  "\u202e",
  "\u2028",
  "\ud800",
  "\udc00",
  "\ufeff",
  "\u00a0",
  "e\u0301\u0301\u0301\u0301\u0301",
  "😀",
  "ﷺ",
];

const anything = fc.string({
  unit: fc.oneof(fc.string({ unit: "binary", maxLength: 1 }), fc.constantFrom(...NASTY)),
});

const tag = fc.constantFrom(
  ..."service process image label.app label.a/b:c label.日本 team exe domain".split(" "),
  'label."a b"',
);
const end = fc.constantFrom("", "", "source.", "src.", "destination.", "client.", "server.");
const typedText = fc.oneof(
  fc.constantFrom("web", "web*", "?eb", "*", "nginx:1.25", "a/b", "日本", "N/A", "O'Brien", "[x]", "OR"),
  anything.map((text) => JSON.stringify(text)),
  fc.string({ maxLength: 6 }),
);
const typedNumber = fc.oneof(
  fc.nat(70_000).map(String),
  fc.tuple(fc.constantFrom(">", ">=", "<", "<=", "="), fc.nat(70_000)).map(([sign, value]) => sign + value),
  fc.tuple(fc.nat(9_999), fc.nat(70_000)).map(([min, max]) => `[${min} TO ${max}]`),
);
const typedAddress = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(130)).map(([address, length]) => `${address}/${length}`),
  fc.constant("10.0.*"),
);
const listOf = (value: fc.Arbitrary<string>) =>
  fc.oneof(
    { weight: 4, arbitrary: value },
    fc.array(value, { minLength: 1, maxLength: 6 }).map((values) => values.join(",")),
    fc.array(value, { minLength: 1, maxLength: 4 }).map((values) => `(${values.join(" OR ")})`),
  );
const typedTerm = fc.oneof(
  fc.tuple(end, tag, listOf(typedText)).map(([prefix, name, value]) => `${prefix}${name}:${value}`),
  fc
    .tuple(end, fc.constantFrom("port", "pid", "netns"), listOf(typedNumber))
    .map(([e, n, v]) => `${e}${n}:${v}`),
  fc.tuple(end, fc.constantFrom("ip", "subnet"), listOf(typedAddress)).map(([e, n, v]) => `${e}${n}:${v}`),
  fc.constantFrom("protocol:tcp", "direction:in*", "-family:ipv6", "curl", '"web server"', "10.0.0.0/8"),
  fc.constantFrom(
    "rtt:>10ms",
    "sent:>1MiB",
    "retransmits:0",
    "failed.reset:[1 TO 5]",
    "-jitter:*",
    "bytes:>=1.5GB",
  ),
  typedText,
);
const { typed } = fc.letrec<{ typed: string }>((tie) => ({
  typed: fc.oneof(
    { maxDepth: 6, depthIdentifier: "typed" },
    typedTerm,
    fc
      .tuple(tie("typed"), fc.constantFrom(" ", " AND ", " OR ", "  "), tie("typed"))
      .map((parts) => parts.join("")),
    fc.tuple(fc.constantFrom("-", "NOT ", "", "--"), tie("typed")).map(([sign, text]) => `${sign}(${text})`),
  ),
}));

/** Something taken out of a text, put into it, doubled or cut off. */
const mutated = fc
  .tuple(
    typed,
    fc.array(fc.tuple(fc.nat(), fc.nat(8), fc.oneof(anything, fc.constantFrom(...'()[]",:*?-><=\\ '))), {
      maxLength: 4,
    }),
  )
  .map(([text, edits]) =>
    edits.reduce((changed, [place, length, inserted]) => {
      const at = place % (changed.length + 1);
      return changed.slice(0, at) + inserted + changed.slice(at + length);
    }, text),
  );

describe("parseFilter with hostile text", () => {
  it("understands or refuses any text", () => {
    fc.assert(fc.property(anything, ask), { numRuns: 500 });
  });

  it("understands or refuses what looks like a filter", () => {
    fc.assert(fc.property(typed, ask), { numRuns: 500 });
  });

  it("understands or refuses a filter that was damaged", () => {
    fc.assert(fc.property(mutated, ask), { numRuns: 1_500 });
  });

  it("understands every filter that it can write", () => {
    let understood = 0;
    fc.assert(
      fc.property(
        fc.array(typedTerm, { minLength: 1, maxLength: 5 }),
        fc.infiniteStream(fc.nat(3)),
        (terms, choices) => {
          const filters = terms.flatMap((text) => {
            try {
              const filter = parseFilter(text, { names });
              // tags only, which can be put together in any way
              return filter === null || [...termsOf(filter)].some((term) => term.kind === "measure")
                ? []
                : [filter];
            } catch {
              return [];
            }
          });
          if (filters.length === 0) return;
          understood++;
          const whole = filters.reduce((left, right) => {
            const choice = choices.next().value ?? 0;
            const joined = choice % 2 === 0 ? allOf([left, right]) : anyOf([right, left]);
            return choice > 1 ? noneOf(joined) : joined;
          });
          const written = formatFilter(whole);
          const read = parseFilter(written, { names });
          assert.deepEqual(read, whole, written);
          assert.equal(read && formatFilter(read), written);
        },
      ),
      { numRuns: 500 },
    );
    assert.ok(understood > 125, `${understood}`);
  });

  const LONG: readonly (readonly [what: string, text: string])[] = [
    ["one word", "x".repeat(MAX_FILTER_UNITS)],
    ["one word with a colon at its end", `${"x".repeat(MAX_FILTER_UNITS - 1)}:`],
    ["digits", "1".repeat(MAX_FILTER_UNITS)],
    ["digits and colons", "1:".repeat(MAX_FILTER_UNITS / 2)],
    ["dots", ".".repeat(MAX_FILTER_UNITS)],
    ["brackets", "(".repeat(MAX_FILTER_UNITS)],
    ["closing brackets", ")".repeat(MAX_FILTER_UNITS)],
    ["brackets of a term", "a(".repeat(MAX_FILTER_UNITS / 2)],
    ["quotes", '"'.repeat(MAX_FILTER_UNITS)],
    ["a quote without an end", `"${"\\n".repeat(MAX_FILTER_UNITS / 2 - 1)}`],
    ["backslashes", `service:"${"\\\\".repeat(MAX_FILTER_UNITS / 2 - 10)}"`],
    ["minuses", `${"-".repeat(MAX_FILTER_UNITS - 1)}a`],
    ["NOTs", `${"NOT ".repeat(MAX_FILTER_UNITS / 4 - 1)}a`],
    ["words", "a ".repeat(MAX_FILTER_UNITS / 2)],
    [
      "ORs",
      "a OR "
        .repeat(MAX_FILTER_UNITS / 5)
        .concat("a")
        .slice(0, MAX_FILTER_UNITS),
    ],
    ["values", `port:${"1,".repeat(MAX_FILTER_UNITS / 2 - 3)}1`],
    ["values in brackets", `port:(${"1 OR ".repeat(13_000)}1)`],
    ["wildcards", `service:${"*".repeat(MAX_FILTER_UNITS - 8)}`],
    ["question marks", `service:${"?".repeat(MAX_FILTER_UNITS - 8)}`],
    ["spaces", " ".repeat(MAX_FILTER_UNITS)],
    ["spaces in a range", `port:[1${" ".repeat(MAX_FILTER_UNITS - 20)}TO 2]`],
    ["emoji", "😀".repeat(MAX_FILTER_UNITS / 2)],
    ["marks", "\u0301".repeat(MAX_FILTER_UNITS)],
    ["marks in quotes", `"${"\u0301".repeat(MAX_FILTER_UNITS / 8)}"`],
    ["lone surrogates", "\ud800".repeat(MAX_FILTER_UNITS)],
    ["control characters", "\u001b".repeat(MAX_FILTER_UNITS)],
    ["bracketed groups", "(a OR b) ".repeat(7_000)],
    ["deep brackets, side by side", `${"(".repeat(60)}a${")".repeat(60)} `.repeat(500)],
    ["an address too long", `ip:${"1".repeat(60_000)}`],
    ["a network too long", `ip:${"a:".repeat(30_000)}/8`],
    ["a label too long", `label.${"x".repeat(60_000)}:y`],
    ["a number too long", `port:${"9".repeat(60_000)}`],
    ["what a list of values would take for a range", `port:${"9".repeat(30_000)}-${"9".repeat(30_000)}`],
  ];
  for (const [what, text] of LONG) {
    it(`understands or refuses 64 KB of ${what}`, () => ask(text));
  }

  it("refuses ten thousand brackets within brackets, closed or not", () => {
    for (const text of [
      "(".repeat(10_000),
      `${"(".repeat(10_000)}a${")".repeat(10_000)}`,
      `${"-(".repeat(10_000)}a`,
    ]) {
      assert.throws(() => parseFilter(text), /column \d+: more than 64 brackets/);
    }
  });

  it("refuses megabytes without looking at them", () => {
    for (const unit of ["(", "x", "😀", "a OR ", '"']) {
      assert.throws(() => parseFilter(unit.repeat(1_000_000)), /the filter is too long/);
    }
  });
});

describe("parseGroupBy with hostile text", () => {
  it("understands or refuses any text at a place within it", () => {
    const items = fc.array(fc.oneof(anything, tag, fc.constantFrom("client.ip", "flow", "rtt")), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(items, (parts) => {
        const text = parts.join(",");
        try {
          assert.ok(parseGroupBy(text, names).length > 0);
        } catch (error) {
          assert.ok(error instanceof QueryError, String(error));
          assert.ok(error.column >= 1 && error.column <= countCharacters(text) + 1);
          assert.doesNotMatch(error.message + error.remedy + error.caret.text, UNSAFE);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("compiled filters with hostile values", () => {
  it("look at any text without throwing", () => {
    const filter = parseFilter('service:*a?* ip:10.0.0.0/8,::/3 -process:"x" port:>5 OR label.app:ä*', {
      names,
    });
    assert.ok(filter !== null);
    const accepts = compileFlowFilter(filter, lookup);
    fc.assert(
      fc.property(anything, anything, (service, ip) => {
        assert.equal(
          typeof accepts(flowOf({ service, ip, process: ip }, { "label.app": service })),
          "boolean",
        );
      }),
    );
  });

  it("look at 64 KB of text in time by its length", () => {
    for (const text of [
      'service:*a*b*c*d*e*f*"x"',
      "service:a",
      "ip:10.0.0.0/8",
      "ip:::/3",
      "service:????*x",
    ]) {
      const filter = parseFilter(text);
      assert.ok(filter !== null);
      const accepts = compileFlowFilter(filter, lookup);
      for (const value of [
        "abcdef".repeat(11_000),
        ":".repeat(65_536),
        "1.".repeat(32_768),
        "😀".repeat(32_768),
      ]) {
        accepts(flowOf({ service: value, ip: value }, {}));
      }
    }
  });

  it("look at rows that say anything", () => {
    const filter = parseFilter("retransmits:>0 sent:>1MiB -rtt:*");
    assert.ok(filter !== null);
    const fits = compileRowFilter(filter);
    fc.assert(
      fc.property(fc.double(), fc.double(), (count, intervalMs) => {
        const failed = { refused: count, reset: 0, timed_out: 0, unreachable: 0, other: 0 };
        const connections = { active: count, opened: count, closed: count, failed };
        const numbers = { bytes_sent: count, bytes_received: count, packets_sent: 0, packets_received: 0 };
        assert.equal(typeof fits({ ...numbers, retransmits: count, connections }, intervalMs), "boolean");
      }),
    );
  });
});
