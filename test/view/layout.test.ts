import assert from "node:assert/strict";
import { test } from "node:test";
import { snapshotColumns } from "../../src/view/columns.ts";
import { COLUMN_GAP, layoutColumns } from "../../src/view/layout.ts";

const SERVICE = ["source.service", "destination.service"];

test("every column has a name of its own", () => {
  const names = snapshotColumns(SERVICE).map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

test("columns drop by priority as the screen gets narrow, and what is dropped is known", () => {
  const cases: readonly (readonly [number, readonly string[]])[] = [
    [
      200,
      [
        "sent",
        "received",
        "sent_total",
        "received_total",
        "packets_sent",
        "packets_received",
        "retransmits",
        "rtt",
        "jitter",
        "active",
        "opened",
        "closed",
        "failed",
      ],
    ],
    [
      119,
      [
        "sent",
        "received",
        "sent_total",
        "received_total",
        "retransmits",
        "rtt",
        "active",
        "opened",
        "failed",
      ],
    ],
    [79, ["sent", "received", "retransmits", "rtt", "failed"]],
    [42, ["sent", "received"]],
    [30, ["sent"]],
    [20, []],
  ];
  for (const [width, expected] of cases) {
    const { columns, hidden } = layoutColumns(snapshotColumns(SERVICE), width, "auto", new Map());
    assert.deepEqual(
      columns.map(({ column }) => column.name),
      [...SERVICE, ...expected],
      String(width),
    );
    assert.equal(columns.length + hidden.length, 15);
  }
});

test("no layout is wider than the screen, whatever the rows are grouped by", () => {
  const groups = [
    SERVICE,
    ["flow"],
    ["client.service", "server.port"],
    [...SERVICE, "source.pid", "destination.ip", "source.container_id", "protocol"],
  ];
  for (const group of groups) {
    for (const units of ["auto", "bits", "bytes"] as const) {
      for (let width = 1; width < 260; width++) {
        const names = new Map(group.map((name) => [name, 64]));
        const { columns } = layoutColumns(snapshotColumns(group), width, units, names);
        const used = columns.reduce((sum, column) => sum + column.width + COLUMN_GAP, -COLUMN_GAP);
        assert.ok(columns.length > 0 && used <= width, `${group} in ${width}`);
      }
    }
  }
});

test("long names take the room that is left, short ones only what they need", () => {
  const names = new Map([
    ["source.service", 200],
    ["destination.service", 20],
  ]);
  const { columns } = layoutColumns(snapshotColumns(SERVICE), 220, "auto", names);
  assert.equal(columns[1]?.width, 20);
  assert.equal(
    columns.reduce((sum, { width }) => sum + width + COLUMN_GAP, -COLUMN_GAP),
    220,
  );
});
