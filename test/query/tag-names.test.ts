import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NpmonError } from "../../src/error/error.ts";
import { ENDPOINT_TAGS } from "../../src/flow/tags.ts";
import { formatGroupBy, parseGroupBy } from "../../src/query/group-by.ts";
import { createTagNames } from "../../src/query/tag-names.ts";

describe("createTagNames", () => {
  const names = createTagNames(["team", "service", "availability_zone"]);

  it("lists the built-in tags, then the user's, each once", () => {
    assert.deepEqual(names.endpointTags, [...ENDPOINT_TAGS, "team", "availability_zone"]);
  });

  it("knows every label", () => {
    for (const label of ["label.app", "label.app.kubernetes.io/name", "label.label.x", "label.日本"]) {
      assert.ok(names.isEndpointTag(label));
    }
    for (const other of ["label.", "label", "labels.app", `label.${"x".repeat(513)}`, "", "toString"]) {
      assert.ok(!names.isEndpointTag(other));
    }
  });

  for (const tag of [
    "source",
    "client",
    "protocol",
    "rtt",
    "sent",
    "flow",
    "label",
    "Team",
    "1st",
    "a-b",
    "",
  ]) {
    it(`refuses to call a tag ${JSON.stringify(tag)}`, () => {
      assert.throws(
        () => createTagNames([tag]),
        (error: unknown) => error instanceof NpmonError && error.code === "usage",
      );
    });
  }
});

describe("parseGroupBy with the user's tags and labels", () => {
  const names = createTagNames(["team"]);

  for (const [text, columns] of [
    ["team", ["source.team", "destination.team"]],
    ["client.team,server.port", ["client.team", "server.port"]],
    ["label.app", ["source.label.app", "destination.label.app"]],
    ["src.label.app.kubernetes.io/name", ["source.label.app.kubernetes.io/name"]],
  ] as const) {
    it(`reads ${text}`, () => {
      const groupBy = parseGroupBy(text, names);
      assert.deepEqual(formatGroupBy(groupBy), columns);
      assert.deepEqual(parseGroupBy(columns.join(","), names), groupBy);
    });
  }

  for (const [text, says] of [
    ["taem", /column 1: there is no tag "taem"; did you mean `team`\?/],
    ["port,source.taem", /column 13: there is no endpoint tag "taem"; did you mean `team`\?/],
    ["label.", /column 7: no name after `label\.`/],
    ["source.label.", /column 14: no name after `label\.`/],
    ["service,rtt", /column 9: `rtt` is counted for each row; expected a tag/],
    ["source.rtt", /column 1: `rtt` is counted for the whole row/],
    ["label.a,label.a", /column 9: source\.label\.a is already a column/],
    ["label.\u001b,label.\u001b", /column 9: "source\.label\.\\u\{1b\}" is already a column/],
  ] as const) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseGroupBy(text, names), says));
  }

  it("reads a hundred thousand labels in little time", () => {
    const text = Array.from({ length: 50_000 }, (_, index) => `label.a${index}`).join(",");
    assert.equal(parseGroupBy(text).length, 100_000);
  });
});
