import assert from "node:assert/strict";
import { test } from "node:test";
import { NpmonError } from "../../src/error/error.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { Ledger } from "../../src/view/ledger.ts";
import { selectRows } from "../../src/view/rows.ts";
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
      error.remedy.includes(
        "source.service, destination.service, sent, received, traffic, bytes_sent, bytes_received, bytes, sent_total",
      ),
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

test("totals are those of the view where it keeps them, else of the snapshot alone", () => {
  const first = createSnapshot({ flows: [named("a", { bytes_sent: 5, bytes_received: 1 })] });
  const second = createSnapshot({ flows: [named("a", { bytes_sent: 7, bytes_received: 1 })] });
  const totals = new Ledger();
  for (const snapshot of [first, second]) totals.advance(snapshot);
  const [row] = selectRows(second, { totals });
  assert.deepEqual([row?.sentTotal, row?.receivedTotal], [12, 2]);
  const [alone] = selectRows(second);
  assert.deepEqual([alone?.sentTotal, alone?.receivedTotal], [7, 1]);
});
