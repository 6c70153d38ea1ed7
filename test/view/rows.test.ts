import assert from "node:assert/strict";
import { test } from "node:test";
import { NpmonError } from "../../src/error/error.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { rowKey } from "../../src/view/row.ts";
import { selectRows } from "../../src/view/rows.ts";
import { addTotals, NO_TOTALS } from "../../src/view/totals.ts";
import { createFlow, createSnapshot } from "./fixtures/snapshots.ts";

function named(
  name: string | null,
  changes: Parameters<typeof createFlow>[0] = {},
): ReturnType<typeof createFlow> {
  return createFlow({ source: { service: name }, ...changes });
}

function order(snapshot: Snapshot, sort?: string): unknown[] {
  return selectRows(snapshot, { sort }).map(({ flow }) => flow.source?.service);
}

test("rows are sorted by any column, ascending unless - is before it, the unknown last", () => {
  const { rtt_us: _rtt, ...noRtt } = named("c", { bytes_sent: 30 });
  const snapshot = createSnapshot({
    flows: [
      named("host-10", { bytes_sent: 10, rtt_us: 5 }),
      noRtt,
      named(null, { bytes_sent: 20, rtt_us: 9 }),
      named("host-9", { bytes_sent: 5, rtt_us: 1 }),
    ],
  });
  const cases: readonly (readonly [string, readonly (string | null)[]])[] = [
    ["sent", ["host-9", "host-10", null, "c"]],
    ["-sent", ["c", null, "host-10", "host-9"]],
    ["rtt", ["host-9", "host-10", null, "c"]],
    ["-rtt", [null, "host-10", "host-9", "c"]],
    ["source.service", ["c", "host-9", "host-10", null]],
    ["-source.service", ["host-10", "host-9", "c", null]],
  ];
  for (const [sort, expected] of cases) assert.deepEqual(order(snapshot, sort), expected, sort);
});

test("without a sort the rows with most bytes come first", () => {
  const flows = [
    named("a", { bytes_sent: 1, bytes_received: 1 }),
    named("b", { bytes_sent: 0, bytes_received: 9 }),
  ];
  assert.deepEqual(order(createSnapshot({ flows })), ["b", "a"]);
});

test("rows that tie keep their order whatever order they came in", () => {
  const flows = ["d", "a", "c", "b"].map((name) => named(name));
  assert.deepEqual(order(createSnapshot({ flows }), "-sent"), ["a", "b", "c", "d"]);
  assert.deepEqual(order(createSnapshot({ flows: [...flows].reverse() }), "-sent"), ["a", "b", "c", "d"]);
});

test("a column that does not exist is a usage error that names those that do", () => {
  assert.throws(
    () => selectRows(createSnapshot(), { sort: "-sent\u001b[2J" }),
    (error) =>
      error instanceof NpmonError &&
      error.exitCode === 2 &&
      error.message === '--sort: there is no column "sent\\x1b[2J"' &&
      error.remedy.includes("source.service, destination.service, sent, received, traffic, sent_total"),
  );
});

test("rows are limited after sorting", () => {
  const flows = [named("a", { bytes_sent: 1 }), named("b", { bytes_sent: 3 }), named("c", { bytes_sent: 2 })];
  const rows = selectRows(createSnapshot({ flows }), { sort: "-sent", rows: 2 });
  assert.deepEqual(
    rows.map(({ flow }) => flow.source?.service),
    ["b", "c"],
  );
});

test("the key of a row holds every tag, whatever the names hold", () => {
  const keys = [
    named("a"),
    named(null),
    named("null"),
    createFlow({ source: { service: 'a"},{"service":"b' } }),
    createFlow({ client: { service: "web" }, server: { port: 443 } }),
    createFlow({ protocol: "udp" }),
  ].map(rowKey);
  assert.equal(new Set(keys).size, keys.length);
});

test("totals run since the first snapshot, whether or not a row is in every one", () => {
  const first = createSnapshot({ flows: [named("a", { bytes_sent: 5, bytes_received: 1 })] });
  const second = createSnapshot({ start: "2026-01-01T00:00:05.000Z", flows: [named("b")] });
  const third = createSnapshot({ flows: [named("a", { bytes_sent: 7, bytes_received: 1 })] });
  const totals = [first, second, third].reduce((sum, snapshot) => addTotals(sum, snapshot), NO_TOTALS);
  assert.equal(totals.since, first.start);
  const [row] = selectRows(third, { totals });
  assert.deepEqual([row?.sentTotal, row?.receivedTotal], [12, 2]);
  assert.equal(NO_TOTALS.byKey.size, 0);
});

test("totals forget the row unseen for longest, and say so", () => {
  const snapshots = ["a", "b", "a", "c"].map((name) => createSnapshot({ flows: [named(name)] }));
  const totals = snapshots.reduce((sum, snapshot) => addTotals(sum, snapshot, 2), NO_TOTALS);
  assert.deepEqual([...totals.byKey.keys()], [rowKey(named("a")), rowKey(named("c"))]);
  assert.equal(totals.forgotten, 1);
});
