import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPins, matchesPins, type Pin } from "../../src/aggregate/pins.ts";
import { selectPinned } from "../../src/aggregate/regroup.ts";
import { NpmonError } from "../../src/error/error.ts";
import { formatTagRef, type TagRef, type TagValue } from "../../src/flow/tags.ts";
import { createFlowSnapshot } from "../view/fixtures/questions.ts";

function pin(values: Readonly<Record<string, TagValue>>, isExcluded = false): Pin {
  const refs = Object.entries(values).map(([name, value]) => {
    const [end = "", tag = ""] = name.split(".");
    return { ref: { end, tag } as TagRef, value };
  });
  return { values: refs, isExcluded };
}

function matches(pins: readonly Pin[], tags: Readonly<Record<string, TagValue>>): boolean {
  return matchesPins(pins, (ref) => tags[formatTagRef(ref)] ?? null);
}

test("all values of a pin have to be there, and of an excluded one not all", () => {
  const web = { "source.service": "web", "destination.service": "db" };
  const only = pin(web);
  const not = pin(web, true);
  const other = { "source.service": "web", "destination.service": "cache" };
  assert.deepEqual(
    [
      matches([only], web),
      matches([only], other),
      matches([not], web),
      matches([not], other),
      matches([], web),
    ],
    [true, false, false, true, true],
  );
  assert.equal(matches([only, not], web), false);
  assert.equal(matches([pin({ "source.pid": 1 })], { "source.pid": "1" }), false, "a number is not its text");
  assert.equal(matches([pin({ "source.unit": null })], {}), true, "what is not known is a value too");
});

test("pins are written in the manner of filters", () => {
  const pins = [
    pin({ "source.service": "web", "destination.service": null }),
    pin({ "source.pid": 7, "source.process": 'a "b" c' }, true),
  ];
  assert.equal(
    formatPins(pins),
    'source.service:web destination.service:N/A -(source.pid:7 source.process:"a \\"b\\" c")',
  );
  assert.equal(formatPins([]), "");
});

test("a saved snapshot is narrowed as a live one would be, from either end", () => {
  const snapshot = createFlowSnapshot();
  const cases: readonly (readonly [Pin, number])[] = [
    [pin({ "source.service": "checkout", "destination.service": "redis" }), 4],
    [pin({ "source.service": "checkout" }, true), 8],
    [pin({ "client.service": "mailer", "server.service": null }), 4],
    [pin({ "server.pid": 900 }), 4],
    [pin({ "source.pid": 100, "source.port": 40_000 }), 1],
  ];
  for (const [only, count] of cases) {
    const narrowed = selectPinned(snapshot, [only]);
    assert.equal(narrowed.flows.length, count, formatPins([only]));
    assert.equal(narrowed.filter, formatPins([only]));
  }
  const grouped = { ...snapshot, group_by: ["source.service"] };
  assert.throws(
    () => selectPinned(grouped, [pin({ "source.pid": 1 })]),
    (error) => error instanceof NpmonError && error.message.includes("cannot be narrowed by source.pid"),
  );
});
