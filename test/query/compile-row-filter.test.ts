import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileRowFilter, missingTags } from "../../src/query/compile-row-filter.ts";
import type { Filter } from "../../src/query/filter.ts";
import { parseFilter } from "../../src/query/parse-filter.ts";
import { createTagNames } from "../../src/query/tag-names.ts";
import type { SnapshotFlow } from "../../src/snapshot/snapshot.ts";

const names = createTagNames(["team"]);

function parsed(text: string): Filter {
  const filter = parseFilter(text, { names });
  assert.ok(filter !== null);
  return filter;
}

function rowOf(row: Partial<SnapshotFlow>): SnapshotFlow {
  return {
    bytes_sent: 0,
    bytes_received: 0,
    packets_sent: 0,
    packets_received: 0,
    retransmits: 0,
    connections: {
      active: 0,
      opened: 0,
      closed: 0,
      failed: { refused: 0, reset: 0, timed_out: 0, unreachable: 0, other: 0 },
    },
    ...row,
  };
}

const BUSY = rowOf({
  source: { service: "web", ip: "10.0.0.1" },
  destination: { service: "db", ip: "10.0.0.2" },
  direction: "incoming",
  bytes_sent: 4_096,
  bytes_received: 1_048_576,
  packets_sent: 10,
  packets_received: 20,
  retransmits: 3,
  rtt_us: 12_000,
  rtt_var_us: 400,
  connections: {
    active: 2,
    opened: 5,
    closed: 4,
    failed: { refused: 1, reset: 0, timed_out: 2, unreachable: 0, other: 0 },
  },
});
const BY_ROLE = rowOf({ client: { service: "web", pod: null }, server: { service: "db", pod: "db-0" } });

/** Over an interval of two seconds. */
const CASES: readonly (readonly [text: string, busy: boolean, byRole: boolean])[] = [
  ["retransmits:>0", true, false],
  ["retransmits:3", true, false],
  ["retransmits:[0 TO 2]", false, true],
  ["-retransmits:>0", false, true],
  ["bytes:>1MiB", true, false],
  ["bytes_sent:4KiB", true, false],
  ["bytes_received:>=1MiB", true, false],
  ["traffic:>512KiB/s", true, false],
  ["sent:2KiB/s", true, false],
  ["received:<=4Mbit/s", false, true],
  ["packets:30", true, false],
  ["packets_sent:10,11", true, false],
  ["packets_received:0", false, true],
  ["rtt:>10ms", true, false],
  ["rtt:>12ms", false, false],
  ["rtt:*", true, false],
  ["-rtt:*", false, true],
  ["-rtt:>10ms", false, true],
  ["jitter:<1ms", true, false],
  ["active:2 opened:5 closed:4", true, false],
  ["failed:3", true, false],
  ["failed.timed_out:2 failed.reset:0", true, false],
  ["failed.refused:>0 OR active:0", true, true],
  ["service:web", true, true],
  ["source.service:web", true, false],
  ["client.service:db", true, false],
  ["client.service:web", false, true],
  ["server.pod:*", false, true],
  ["-pod:*", true, false],
  ["ip:10.0.0.0/30", true, false],
  ["direction:incoming", true, false],
  ["web", true, true],
  ["10.0.0.2", true, false],
  ["service:db retransmits:>0", true, false],
];

describe("compileRowFilter", () => {
  for (const [text, busy, byRole] of CASES) {
    it(`asks ${text}`, () => {
      const fits = compileRowFilter(parsed(text));
      assert.deepEqual([fits(BUSY, 2_000), fits(BY_ROLE, 2_000)], [busy, byRole]);
    });
  }

  it("knows no bandwidth where no time passed", () => {
    assert.equal(compileRowFilter(parsed("sent:>=0"))(BUSY, 0), false);
    assert.equal(compileRowFilter(parsed("bytes_sent:>0"))(BUSY, 0), true);
  });

  it("finds nothing in rows that have names of objects' own for tags", () => {
    const row = rowOf({ source: { toString: "x" } as never, destination: {} });
    assert.equal(compileRowFilter(parsed("source.service:*"))(row, 1_000), false);
  });
});

const MISSING: readonly (readonly [text: string, groupBy: readonly string[], missing: readonly string[]])[] =
  [
    ["service:web", ["source.service", "destination.service"], []],
    ["service:web", ["source.service"], ["service"]],
    ["service:web", ["client.service", "server.service"], []],
    ["service:web", ["client.service", "server.port"], ["service"]],
    ["source.service:web", ["source.service"], []],
    ["source.service:web", ["client.service", "server.service"], ["source.service"]],
    ["client.service:web", ["source.service", "destination.service"], ["client.service"]],
    ["client.service:web", ["source.service", "destination.service", "direction"], []],
    ["client.service:web", ["client.service"], []],
    ["protocol:tcp -source.pod:*", ["source.service"], ["protocol", "source.pod"]],
    ["pod:a OR pod:b", ["source.service"], ["pod"]],
    ["web", ["source.process", "destination.process"], []],
    ["web", ["source.port", "destination.port"], ["service", "process", "container", "domain", "host", "ip"]],
    ["10.0.0.1", ["source.service", "destination.service"], ["ip"]],
    ["retransmits:>0", ["source.service"], []],
    ["client.pod:a protocol:tcp service:* web 10.0.0.1", ["flow"], []],
    ["label.app:x source.team:y", ["source.label.app", "destination.label.app", "source.team"], []],
  ];

describe("missingTags", () => {
  for (const [text, groupBy, missing] of MISSING) {
    it(`says what rows by ${groupBy.join(",")} lack to answer ${text}`, () => {
      assert.deepEqual(missingTags(parsed(text), groupBy), missing);
    });
  }

  it("looks into ungrouped rows for labels and for tags that the user defined", () => {
    const rows = [rowOf({ source: { team: null }, destination: { team: "x" } })];
    assert.deepEqual(missingTags(parsed("team:x"), ["flow"], rows), []);
    assert.deepEqual(missingTags(parsed("client.team:x"), ["flow"], rows), []);
    assert.deepEqual(missingTags(parsed("label.app:x"), ["flow"], rows), ["label.app"]);
    assert.deepEqual(missingTags(parsed("label.app:x"), ["flow"], []), []);
  });
});
