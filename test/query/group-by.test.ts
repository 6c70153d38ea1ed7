import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NpmonError } from "../../src/error/error.ts";
import { ENDPOINT_TAGS } from "../../src/flow/tags.ts";
import { formatGroupBy, parseGroupBy } from "../../src/query/group-by.ts";

const FITTING: readonly [text: string, columns: readonly string[]][] = [
  ["service", ["source.service", "destination.service"]],
  ["service,port", ["source.service", "destination.service", "source.port", "destination.port"]],
  ["source.process,destination.port", ["source.process", "destination.port"]],
  ["destination.port,source.process", ["destination.port", "source.process"]],
  ["src.pid,dst.ip", ["source.pid", "destination.ip"]],
  ["dst.ip, source.service", ["destination.ip", "source.service"]],
  ["client.service,server.port", ["client.service", "server.port"]],
  ["protocol", ["protocol"]],
  ["protocol,client.host,family", ["protocol", "client.host", "family"]],
  ["direction,service", ["direction", "source.service", "destination.service"]],
  ["  service\t", ["source.service", "destination.service"]],
  ["flow", ["flow"]],
  [" flow ", ["flow"]],
  ["rollup", ["rollup"]],
];

const MISFITTING: readonly [text: string, column: number, says: RegExp][] = [
  ["", 1, /expected a tag such as service/],
  ["   ", 4, /expected a tag such as service/],
  [",service", 1, /expected a tag/],
  ["rollup,service", 1, /`rollup` has every tag already/],
  ["service,", 9, /expected a tag/],
  ["service,,port", 9, /expected a tag/],
  ["service,service", 9, /source\.service is already a column/],
  ["service,src.service", 9, /source\.service is already a column/],
  ["dst.ip,destination.ip", 8, /destination\.ip is already a column/],
  ["protocol, protocol", 11, /protocol is already a column/],
  ["servise", 1, /no tag "servise"; did you mean `service`\?/],
  ["esrvice", 1, /did you mean `service`\?/],
  ["Service", 1, /did you mean `service`\?/],
  ["port,protocoll", 6, /did you mean `protocol`\?/],
  ["source.prot", 8, /no endpoint tag "prot"; did you mean `port`\?/],
  ["sorce.port", 1, /no end "sorce"; did you mean `source`\?/],
  ["source.", 8, /no endpoint tag ""; expected service process/],
  [".port", 1, /no end ""; expected source src destination dst client server/],
  ["source.destination.port", 8, /no endpoint tag "destination\.port"/],
  ["zzzzzzzz", 1, /expected service process container .* protocol direction family/],
  ["service port", 1, /has a space in it; expected a comma/],
  ["source.protocol", 1, /`protocol` belongs to the flow/],
  ["flow,service", 1, /`flow` alone/],
  ["service,flow", 9, /`flow` alone/],
  ["flow,flow", 1, /`flow` alone/],
  [
    "client.service,source.port",
    16,
    /source\.port cannot stand beside client\.service; expected client\. and server\. only/,
  ],
  [
    "source.port,server.ip",
    13,
    /server\.ip cannot stand beside source\.port; expected source\. and destination\. only/,
  ],
  ["client.service,port", 16, /source\.port cannot stand beside client\.service/],
  ["service,protocol,client.ip", 18, /client\.ip cannot stand beside source\.service/],
  ["constructor.ip", 1, /no end "constructor"/],
  ["__proto__", 1, /no tag "__proto__"/],
  ["😀,x", 1, /no tag "😀"/],
  ["protocol, 😀", 11, /no tag "😀"/],
  ["a\nb", 1, /has a space in it/],
  ["\u001b[31m\u0000", 1, /no tag "\\u\{1b\}\[31m\\u\{0\}"/],
  ["\u202eport", 1, /no tag "\\u\{202e\}port"/],
];

describe("parseGroupBy", () => {
  for (const [text, columns] of FITTING) {
    it(`reads ${JSON.stringify(text)} as ${columns.join(" ")}`, () => {
      assert.deepEqual(formatGroupBy(parseGroupBy(text)), columns);
    });
  }

  for (const [text, column, says] of MISFITTING) {
    it(`refuses ${JSON.stringify(text)} at column ${column}`, () => {
      assert.throws(
        () => parseGroupBy(text),
        (error: unknown) => {
          assert.ok(error instanceof NpmonError);
          assert.equal(error.code, "usage");
          assert.ok(error.message.startsWith(`--group-by, column ${column}: `), error.message);
          assert.match(error.message, says);
          assert.doesNotMatch(error.message, /\p{Cc}|\u2028|\u202e/u);
          return true;
        },
      );
    });
  }

  it("refuses a megabyte of text quickly and in one short line", () => {
    const started = performance.now();
    for (const text of [
      "x".repeat(1e6),
      `source.${"y".repeat(1e6)}`,
      ",".repeat(1e6),
      "service ".repeat(1e5),
    ]) {
      assert.throws(
        () => parseGroupBy(text),
        (error: unknown) => error instanceof NpmonError && error.message.length < 400,
      );
    }
    assert.ok(performance.now() - started < 3_000);
  });

  it("gives a list that cannot be changed", () => {
    assert.ok(Object.isFrozen(parseGroupBy("service")));
  });
});

describe("formatGroupBy", () => {
  it("writes what parseGroupBy reads back, for every tag of every end", () => {
    for (const tag of ENDPOINT_TAGS) {
      for (const text of [
        tag,
        `source.${tag}`,
        `destination.${tag}`,
        `client.${tag},server.${tag}`,
        `${tag},protocol`,
      ]) {
        const groupBy = parseGroupBy(text);
        assert.deepEqual(parseGroupBy(formatGroupBy(groupBy).join(",")), groupBy);
      }
    }
    assert.equal(parseGroupBy(formatGroupBy("flow").join(",")), "flow");
  });
});
