import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatTagRef } from "../../src/flow/tags.ts";
import { type Filter, splitFilter, tagsOf } from "../../src/query/filter.ts";
import { formatFilter } from "../../src/query/format-filter.ts";
import { parseFilter } from "../../src/query/parse-filter.ts";

function parsed(text: string): Filter {
  const filter = parseFilter(text);
  assert.ok(filter !== null);
  return filter;
}

describe("splitFilter", () => {
  for (const [text, flows, rows] of [
    ["service:web", "service:web", null],
    ["rtt:>1ms", null, "rtt:>1ms"],
    ["service:web rtt:>1ms -curl", "service:web -curl", "rtt:>1ms"],
    ["a OR b", "a OR b", null],
    ["(a OR b) -retransmits:0 failed:>0", "a OR b", "-retransmits:0 failed:>0"],
    ["(retransmits:>0 OR failed:>0) a", "a", "retransmits:>0 OR failed:>0"],
  ] as const) {
    it(`asks of ${text} first ${flows}, then ${rows}`, () => {
      const parts = splitFilter(parsed(text));
      assert.equal(parts.flows && formatFilter(parts.flows), flows);
      assert.equal(parts.rows && formatFilter(parts.rows), rows);
    });
  }

  it("splits thousands of terms at once", () => {
    const parts = splitFilter(parsed("a rtt:>1ms ".repeat(5_000)));
    assert.equal(parts.flows?.kind === "and" && parts.flows.parts.length, 5_000);
    assert.equal(parts.rows?.kind === "and" && parts.rows.parts.length, 5_000);
  });
});

describe("tagsOf", () => {
  for (const [text, tags] of [
    ["rtt:>1ms", ""],
    ["source.pod:a OR -source.pod:b", "source.pod"],
    ["port:80 protocol:tcp", "source.port destination.port protocol"],
    ["client.label.app:x", "client.label.app"],
    ["10.0.0.0/8", "source.ip destination.ip"],
  ] as const) {
    it(`needs ${tags || "no tag"} for ${text}`, () => {
      assert.equal(tagsOf(parsed(text)).map(formatTagRef).join(" "), tags);
    });
  }

  it("needs for a word every tag that it is looked for in", () => {
    assert.equal(tagsOf(parsed("curl")).length, 12);
  });
});
