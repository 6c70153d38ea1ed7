import assert from "node:assert/strict";
import { test } from "node:test";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { renderTable, type TableOptions } from "../../src/view/table.ts";
import { textWidth } from "../../src/view/text.ts";
import {
  createBusySnapshot,
  createFlow,
  createHostileSnapshot,
  createLargeSnapshot,
  createSnapshot,
  QUIET_PROBE,
} from "./fixtures/snapshots.ts";
import { assertGolden } from "./golden.ts";

const IDLE_PROBE = { ...QUIET_PROBE, flows: 0, tracked: 17 };

const HUGE = createSnapshot({
  probe: {
    ...QUIET_PROBE,
    lost: 2 ** 40,
    lost_bytes: 2 ** 53,
    waiting: 70_000,
    backwards: 3,
    closed_buffer_fill: 0.93,
  },
  flows: [
    createFlow({
      bytes_sent: 2 ** 53,
      bytes_received: 2 ** 53,
      packets_sent: 2 ** 53,
      retransmits: 2 ** 53,
      rtt_us: 3_600_000_000,
      connections: {
        active: 2 ** 31,
        opened: 2 ** 31,
        closed: 2 ** 31,
        failed: { refused: 1, reset: 2, timed_out: 3, unreachable: 4, other: 5 },
      },
    }),
  ],
});

const UNGROUPED = createSnapshot({
  group_by: ["flow"],
  flows: [
    createFlow({
      source: { service: "web", ip: "10.0.0.5", port: 48_212, pid: 4711, process: "node" },
      destination: { service: null, ip: "2001:db8::1", port: 443, pid: null, process: null },
      protocol: "tcp",
      direction: "outgoing",
      family: "ipv6",
    }),
  ],
});

const MANY_TAGS = createSnapshot({
  group_by: [
    "source.service",
    "source.container",
    "source.pid",
    "destination.service",
    "destination.host",
    "destination.port",
    "protocol",
  ],
  flows: [
    createFlow({
      source: { service: "web", container: "web_1", pid: 4711 },
      destination: { service: "postgres", host: "db-1.example", port: 5432 },
      protocol: "tcp",
    }),
  ],
});

const GAUGES_ONLY = createSnapshot({
  interval_ms: 0,
  probe: { ...QUIET_PROBE, tier: "sockdiag", reason: "no BTF in this kernel" },
});

test("tables look as they were approved", () => {
  const cases: readonly (readonly [string, Snapshot, TableOptions])[] = [
    ["table-busy", createBusySnapshot(), {}],
    ["table-busy-bits-80", createBusySnapshot(), { units: "bits", width: 80 }],
    ["table-busy-bytes", createBusySnapshot(), { units: "bytes", noHeader: true }],
    ["table-busy-color", createBusySnapshot(), { color: true, rows: 2, width: 80 }],
    ["table-hostile", createHostileSnapshot(), {}],
    ["table-huge", HUGE, {}],
    ["table-ungrouped", UNGROUPED, {}],
    ["table-many-tags", MANY_TAGS, {}],
    ["table-many-tags-100", MANY_TAGS, { width: 100 }],
    ["table-gauges", GAUGES_ONLY, {}],
    ["table-empty", createSnapshot({ flows: [], probe: IDLE_PROBE }), {}],
    [
      "table-empty-filtered",
      createSnapshot({ flows: [], probe: IDLE_PROBE, filter: "source.service:\u001bweb" }),
      {},
    ],
    [
      "table-client-server",
      createSnapshot({
        group_by: ["client.service", "server.port"],
        flows: [{ ...createFlow(), client: { service: "web" }, server: { port: 5432 } }],
      }),
      {},
    ],
  ];
  for (const [name, snapshot, options] of cases) assertGolden(name, renderTable(snapshot, options));
});

test("nothing is truncated unless a width is given, and then no line is wider", () => {
  const name = "x".repeat(300);
  const snapshot = createSnapshot({ flows: [createFlow({ source: { service: name } })] });
  assert.ok(renderTable(snapshot).includes(name));
  for (let width = 1; width < 200; width++) {
    for (const line of renderTable(snapshot, { width, noHeader: true }).split("\n"))
      assert.ok(textWidth(line) <= width);
  }
});

test("without colour there is no escape in the output, whatever the names hold", () => {
  assert.ok(!renderTable(createHostileSnapshot()).includes("\u001b"));
});

test("columns stay in line over many rows", () => {
  const lines = renderTable(createLargeSnapshot(100), { noHeader: true }).trimEnd().split("\n");
  assert.equal(lines.length, 101);
  assert.equal(new Set(lines.map((line) => line.length)).size, 1);
});
