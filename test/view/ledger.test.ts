import assert from "node:assert/strict";
import { test } from "node:test";
import type { SnapshotFlow } from "../../src/snapshot/snapshot.ts";
import { Ledger } from "../../src/view/ledger.ts";
import { rowKey } from "../../src/view/row.ts";
import { KEPT_TICKS } from "../../src/view/samples.ts";
import { createFlow, createSnapshot } from "./fixtures/snapshots.ts";

function named(service: string, changes: Partial<SnapshotFlow> = {}): SnapshotFlow {
  return createFlow({ source: { service }, ...changes });
}

const KEY = rowKey(named("a"));

function count(ledger: Ledger, ...flows: readonly SnapshotFlow[]): void {
  ledger.advance(createSnapshot({ flows }));
}

test("totals run since the first snapshot, whether or not a row is in every one", () => {
  const ledger = new Ledger();
  const failed = { refused: 2, reset: 0, timed_out: 0, unreachable: 0, other: 0 };
  count(ledger, named("a", { bytes_sent: 5, bytes_received: 1, retransmits: 1 }));
  count(ledger, named("b"));
  const connections = { active: 0, opened: 0, closed: 0, failed };
  count(ledger, named("a", { bytes_sent: 7, bytes_received: 1, connections }));
  const record = ledger.find(KEY);
  assert.deepEqual([record?.sent, record?.received, record?.retransmits], [12, 2, 1]);
  assert.deepEqual(record?.failed, failed);
  assert.equal(ledger.find(rowKey(named("b")))?.failed, null);
  assert.equal(ledger.since, "2026-01-01T00:00:04.000Z");
});

test("the past of a row is nothing before it came, zero while it was away, and goes back so far", () => {
  const ledger = new Ledger();
  count(ledger, named("b"));
  count(ledger, named("a", { bytes_sent: 100, bytes_received: 7, rtt_us: 50 }));
  count(ledger, named("b"));
  count(ledger, named("a", { bytes_sent: 300, bytes_received: 9, rtt_us: 60 }));
  count(ledger, named("b"));
  assert.deepEqual(ledger.series(KEY, "sent", 6), [Number.NaN, Number.NaN, 100, 0, 300, 0]);
  assert.deepEqual(ledger.series(KEY, "rtt", 4), [50, Number.NaN, 60, Number.NaN]);
  assert.deepEqual(ledger.series("unknown", "sent", 2), [Number.NaN, Number.NaN]);
  for (let tick = 0; tick < 3 * KEPT_TICKS; tick++) count(ledger, named("b"));
  count(ledger, named("a", { bytes_sent: 1 }));
  const past = ledger.series(KEY, "sent", 1000);
  assert.equal(past.length, KEPT_TICKS);
  assert.deepEqual([past.at(-1), Math.max(...past.slice(0, -1))], [1, 0]);
});

test("samples are by the second, however long a window is", () => {
  const ledger = new Ledger();
  ledger.advance(createSnapshot({ interval_ms: 500, flows: [named("a", { bytes_sent: 100 })] }));
  ledger.advance(createSnapshot({ interval_ms: 0, flows: [named("a", { bytes_sent: 100 })] }));
  assert.deepEqual(ledger.series(KEY, "sent", 2), [200, 0]);
  assert.deepEqual(ledger.overall("sent", 2), [200, 0]);
});

test("the sums over all rows go on in a ledger that is begun after another one", () => {
  const before = new Ledger();
  count(before, named("a", { bytes_sent: 1 }), named("b", { bytes_sent: 2 }));
  const after = new Ledger(before);
  count(after, named("c", { bytes_sent: 10 }));
  assert.deepEqual(after.overall("sent", 3), [Number.NaN, 3, 10]);
  assert.equal(after.find(KEY), undefined);
  assert.equal(after.firstTick, 2);
  assert.deepEqual(before.overall("sent", 2), [Number.NaN, 3], "which stays as it was");
});

test("a copy stays as it is while the other goes on", () => {
  const ledger = new Ledger();
  count(ledger, named("a", { bytes_sent: 1 }));
  const copy = ledger.copy();
  count(ledger, named("a", { bytes_sent: 10 }));
  assert.deepEqual([copy.find(KEY)?.sent, ledger.find(KEY)?.sent], [1, 11]);
  assert.deepEqual(copy.series(KEY, "sent", 2), [Number.NaN, 1]);
  assert.deepEqual(copy.overall("sent", 2), [Number.NaN, 1]);
});

test("the rows unseen for longest are forgotten, and how many is known", () => {
  const ledger = new Ledger(null, { maxRows: 10, maxSampled: 4 });
  for (let round = 0; round < 30; round++) {
    count(ledger, named("a", { bytes_sent: 1 }), named(`other-${round}`), named(`more-${round}`));
  }
  assert.equal(ledger.find(KEY)?.sent, 30);
  assert.equal(ledger.find(rowKey(named("other-0"))), undefined);
  assert.ok(ledger.forgotten >= 50);
  assert.notEqual(ledger.find(rowKey(named("other-29"))), undefined);
  assert.deepEqual(ledger.series(KEY, "sent", 2), [1, 1], "its samples are still its own");
});

test("the key of a row holds every tag, whatever the names hold", () => {
  const keys = [
    named("a"),
    createFlow({ source: { service: null } }),
    named("null"),
    named("~"),
    named('a"},{"service":"b'),
    named("a1:dservice8:postgres"),
    createFlow({ source: { service: "a", pid: 1 } }),
    createFlow({ source: { service: "a", pid: "1" } }),
    createFlow({ client: { service: "web" }, server: { port: 443 } }),
    createFlow({ protocol: "udp" }),
  ].map(rowKey);
  assert.equal(new Set(keys).size, keys.length);
});
