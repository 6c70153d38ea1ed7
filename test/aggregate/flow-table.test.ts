import assert from "node:assert/strict";
import { test } from "node:test";
import { FlowTable } from "../../src/aggregate/flow-table.ts";
import { Grouping } from "../../src/aggregate/group.ts";
import { takeRows } from "../../src/aggregate/rows.ts";
import { parseGroupBy } from "../../src/query/group-by.ts";
import type { SnapshotFlow } from "../../src/snapshot/snapshot.ts";
import { EndpointTags } from "../../src/tag/endpoint-tags.ts";
import { processTags, record } from "./record.ts";

const TAGS = new EndpointTags();

const PROCESSES = new Map([
  [100, processTags(100, "web")],
  [200, processTags(200, "db")],
  [300, processTags(300, "worker")],
]);

/** A table by `groupBy`, and what it says after each settle. */
function open(groupBy = "service") {
  const grouping = new Grouping({
    groupBy: parseGroupBy(groupBy),
    lookup: (end, tag) => TAGS.valueOf(end, tag),
  });
  const table = new FlowTable({
    host: "web-1",
    grouping,
    findProcess: (pid) => PROCESSES.get(pid) ?? null,
    findDomain: () => null,
  });
  return {
    table,
    rows: (last = false): readonly SnapshotFlow[] => {
      table.settle(last);
      return takeRows(grouping);
    },
  };
}

const SERVER = { direction: "incoming", localIp: "127.0.0.1", remoteIp: "127.0.0.1", pid: 200 } as const;
const client = { localIp: "127.0.0.1", localPort: 40000, remoteIp: "127.0.0.1", remotePort: 5432 };
const server = { ...SERVER, localPort: 5432, remotePort: 40000 };

test("records count by what they have more than the one before", () => {
  const { table, rows } = open();
  table.open(record({ slot: 1, bytesSent: 100, bytesReceived: 10, packetsSent: 3, retransmits: 1 }));
  assert.deepEqual(pick(rows()), [{ sent: 100, received: 10, active: 1, opened: 1, closed: 0 }]);
  table.open(record({ slot: 1, bytesSent: 150, bytesReceived: 10, packetsSent: 4, hasIdentity: false }));
  assert.deepEqual(pick(rows()), [{ sent: 50, received: 0, active: 1, opened: 0, closed: 0 }]);
  assert.deepEqual(pick(rows()), [{ sent: 0, received: 0, active: 1, opened: 0, closed: 0 }]);
  table.closed(record({ slot: 1, bytesSent: 175, bytesReceived: 11 }));
  assert.deepEqual(pick(rows()), [{ sent: 25, received: 1, active: 0, opened: 0, closed: 1 }]);
  assert.deepEqual(pick(rows()), []);
});

test("a connection that lived between two passes is opened, counted and closed at once", () => {
  const { table, rows } = open();
  table.closed(record({ bytesSent: 5, bytesReceived: 7, rttUs: 90, rttVarUs: 9 }));
  const [row] = rows();
  assert.deepEqual(pick([row as SnapshotFlow]), [{ sent: 5, received: 7, active: 0, opened: 1, closed: 1 }]);
  assert.equal(row?.rtt_us, 90);
  assert.equal(row?.rtt_var_us, 9);
});

test("a connection older than npmon was not opened by anybody now", () => {
  const { table, rows } = open();
  table.open(record({ slot: 1, preexisting: true }));
  assert.deepEqual(pick(rows()), [{ sent: 0, received: 0, active: 1, opened: 0, closed: 0 }]);
});

test("packet counters of 32 bits may wrap", () => {
  const { table, rows } = open();
  table.open(record({ slot: 1, packetsSent: 0xfffffff0, packetsReceived: 0xffffffff }));
  rows();
  table.open(record({ slot: 1, packetsSent: 4, packetsReceived: 0, hasIdentity: false }));
  const [row] = rows();
  assert.equal(row?.packets_sent, 20);
  assert.equal(row?.packets_received, 1);
});

test("a byte counter that goes backwards is counted as such and shows nothing absurd", () => {
  const { table, rows } = open();
  table.open(record({ slot: 1, bytesSent: 1000 }));
  rows();
  table.open(record({ slot: 1, bytesSent: 999, hasIdentity: false }));
  assert.equal(rows()[0]?.bytes_sent, 0);
  assert.equal(table.counters.backwards, 1);
  table.open(record({ slot: 1, bytesSent: 1001, hasIdentity: false }));
  assert.equal(rows()[0]?.bytes_sent, 1, "the byte in between is counted once");
});

const FAILURES: readonly [string, number, string][] = [
  ["refused", 111, "refused"],
  ["reset", 104, "reset"],
  ["reset after the peer's FIN", 32, "reset"],
  ["timed out", 110, "timed_out"],
  ["host unreachable", 113, "unreachable"],
  ["network unreachable", 101, "unreachable"],
  ["given up by the caller", 0, "other"],
  ["anything else", 5, "other"],
];
for (const [title, error, reason] of FAILURES) {
  test(`a connect that was ${title} is one failure and no connection`, () => {
    const { table, rows } = open();
    table.closed(record({ established: false, error }));
    const connections = rows()[0]?.connections;
    assert.deepEqual(
      { ...connections?.failed },
      { refused: 0, reset: 0, timed_out: 0, unreachable: 0, other: 0, [reason]: 1 },
    );
    assert.deepEqual([connections?.opened, connections?.closed, connections?.active], [0, 0, 0]);
  });
}

test("both ends of a same-host conversation name each other and stay two flows", () => {
  const { table, rows } = open();
  table.open(record({ slot: 1, bytesSent: 10, identity: client }));
  table.open(record({ slot: 2, bytesReceived: 10, identity: server }));
  assert.deepEqual(rows().map(ends), ["web > db", "db > web"]);
});

test("the other end may be found in a later pass, also by a flow that has ended by then", () => {
  const { table, rows } = open();
  table.closed(record({ bytesSent: 10, identity: client }));
  assert.deepEqual(rows().map(ends), [], "kept back for one pass");
  table.open(record({ slot: 2, bytesReceived: 10, identity: server }));
  assert.deepEqual(rows().map(ends).sort(), ["db > web", "web > db"]);
});

test("a flow that has ended is not kept back in the last pass, nor for longer than one", () => {
  const first = open();
  first.table.closed(record({ bytesSent: 10, identity: client }));
  assert.deepEqual(first.rows(true).map(ends), ["web > null"]);
  const second = open();
  second.table.closed(record({ bytesSent: 10, identity: client }));
  second.rows();
  assert.deepEqual(pick(second.rows()), [{ sent: 10, received: 0, active: 0, opened: 1, closed: 1 }]);
});

test("the same loopback addresses in two network namespaces are two conversations", () => {
  const { table, rows } = open();
  table.open(record({ slot: 1, bytesSent: 10, identity: client }));
  table.open(record({ slot: 2, identity: { ...server, netns: 2 } }));
  assert.deepEqual(rows().map(ends).sort(), ["db > null", "web > null"]);
});

test("a port used again within a pass belongs to the next conversation", () => {
  const { table, rows } = open();
  table.closed(record({ bytesSent: 1, identity: client }));
  table.closed(record({ bytesSent: 2, identity: server }));
  table.closed(record({ bytesSent: 4, identity: { ...client, pid: 300 } }));
  table.closed(record({ bytesSent: 8, identity: server }));
  const bytes = new Map(rows().map((row) => [ends(row), row.bytes_sent]));
  assert.deepEqual(Object.fromEntries(bytes), {
    "db > worker": 8,
    "worker > db": 4,
    "db > web": 2,
    "web > db": 1,
  });
});

test("a flow whose owner becomes known later moves to its row with all that is open, and its other end sees it", () => {
  const { table, rows } = open();
  table.open(record({ slot: 1, identity: client }));
  table.open(record({ slot: 2, bytesSent: 5, rttUs: 100, identity: { ...server, pid: 0 } }));
  assert.deepEqual(rows().map(ends).sort(), ["null > web", "web > null"]);
  assert.equal(table.openUnattributed, 1);
  table.open(record({ slot: 2, bytesSent: 6, rttUs: 100, identity: server }));
  const after = rows();
  assert.deepEqual(after.map(ends).sort(), ["db > web", "web > db"]);
  assert.equal(after.find((row) => row.source?.service === "db")?.rtt_us, 100);
  assert.equal(table.openUnattributed, 0);
});

test("round-trip times are means over the open flows that have one", () => {
  const { table, rows } = open();
  table.open(record({ slot: 1, rttUs: 100, rttVarUs: 10 }));
  table.open(record({ slot: 2, rttUs: 300, rttVarUs: 30, identity: { localPort: 2 } }));
  table.open(record({ slot: 3, identity: { localPort: 3 } }));
  assert.deepEqual(
    rows().map((row) => [row.rtt_us, row.rtt_var_us]),
    [[200, 20]],
  );
  table.closed(record({ slot: 1, rttUs: 100, rttVarUs: 10 }));
  assert.equal(rows()[0]?.rtt_us, 200, "the one that ended is in the mean of its last interval");
  assert.equal(rows()[0]?.rtt_us, 300);
});

test("client and server views count a same-host conversation once, as the client saw it", () => {
  const { table, rows } = open("client.service,server.service");
  table.open(record({ slot: 1, bytesSent: 10, bytesReceived: 3, identity: client }));
  table.open(record({ slot: 2, bytesSent: 2, bytesReceived: 10, identity: server }));
  const [row, ...others] = rows();
  assert.deepEqual(others, []);
  assert.deepEqual([row?.client?.service, row?.server?.service], ["web", "db"]);
  assert.deepEqual([row?.bytes_sent, row?.bytes_received], [10, 3]);
});

test("a client on another host is seen by the server, with sent and received from the client's side", () => {
  const { table, rows } = open("client.ip,server.service");
  table.open(
    record({
      slot: 1,
      bytesSent: 7,
      bytesReceived: 2,
      packetsSent: 3,
      identity: { direction: "incoming", pid: 200 },
    }),
  );
  const [row] = rows();
  assert.deepEqual([row?.client?.ip, row?.server?.service], ["192.0.2.1", "db"]);
  assert.deepEqual([row?.bytes_sent, row?.bytes_received, row?.packets_received], [2, 7, 3]);
  table.open(record({ slot: 1, bytesSent: 8, bytesReceived: 4, packetsSent: 3, hasIdentity: false }));
  const [next] = rows();
  assert.deepEqual([next?.bytes_sent, next?.bytes_received], [2, 1]);
});

test("a slot whose last record was lost is closed and can be used again", () => {
  const { table, rows } = open();
  table.open(record({ slot: 1, bytesSent: 10 }));
  rows();
  table.vanished(1);
  assert.deepEqual(table.settle(false), [1]);
  table.open(record({ slot: 1, bytesSent: 3, identity: { pid: 300 } }));
  const after = rows();
  assert.deepEqual(after.map(ends), ["worker > null", "web > null"]);
  assert.equal(table.openCount, 1);
});

test("a regrouped table counts what comes from then on, also where a flow did not count before", () => {
  const { table, rows } = open("client.service,server.service");
  table.open(record({ slot: 1, identity: client, bytesSent: 100 }));
  table.open(record({ slot: 2, identity: server, bytesReceived: 100 }));
  table.open(record({ slot: 3, identity: { pid: 300 }, bytesSent: 40, rttUs: 70 }));
  rows(true);
  // The accepted end counts at the other one in this view; what it moves meanwhile is nobody's later.
  table.open(record({ slot: 2, bytesReceived: 150, hasIdentity: false }));
  rows(true);
  const grouping = new Grouping({
    groupBy: parseGroupBy("source.service"),
    lookup: (end, tag) => TAGS.valueOf(end, tag),
    accepts: (flow) => flow.source.process?.pid !== 100,
  });
  table.regroup(grouping);
  table.open(record({ slot: 1, bytesSent: 170, hasIdentity: false }));
  table.open(record({ slot: 2, bytesReceived: 170, hasIdentity: false }));
  table.open(record({ slot: 3, bytesSent: 41, rttUs: 90, hasIdentity: false }));
  table.settle(false);
  const after = takeRows(grouping);
  assert.deepEqual(
    after.map((row) => [row.source?.service, row.bytes_sent, row.bytes_received, row.connections.active]),
    [
      ["db", 0, 20, 1],
      ["worker", 1, 0, 1],
    ],
  );
  assert.equal(after[1]?.rtt_us, 90);
});

test("a process that became better known counts under its new tags from then on, at both ends", () => {
  const { table, rows } = open();
  table.open(record({ slot: 1, identity: client, bytesSent: 100 }));
  table.open(record({ slot: 2, identity: server, bytesReceived: 100 }));
  assert.deepEqual(rows(true).map(ends), ["web > db", "db > web"]);
  const [web, better] = [PROCESSES.get(100), processTags(100, "storefront")];
  assert.ok(web !== undefined);
  table.replaceProcesses(new Map([[web, better]]));
  table.open(record({ slot: 1, bytesSent: 130, hasIdentity: false }));
  table.open(record({ slot: 2, bytesReceived: 130, hasIdentity: false }));
  const after = rows(true);
  assert.deepEqual(after.map(ends), ["storefront > db", "db > storefront"]);
  assert.deepEqual(
    after.map((row) => [row.bytes_sent, row.bytes_received, row.connections.active]),
    [
      [30, 0, 1],
      [0, 30, 1],
    ],
  );
});

test("flows to an address that is called something else now move to the row of that name", () => {
  const names = new Map([["192.0.2.1", "before.example"]]);
  const tags = new EndpointTags({ findName: (ip) => names.get(ip) ?? null });
  const grouping = new Grouping({
    groupBy: parseGroupBy("destination.domain"),
    lookup: (end, tag) => tags.valueOf(end, tag),
  });
  const table = new FlowTable({ host: "web-1", grouping, findProcess: () => null, findDomain: () => null });
  table.open(record({ slot: 1, bytesSent: 5 }));
  table.settle(true);
  names.set("192.0.2.1", "after.example");
  table.renameAddresses(new Set(["192.0.2.1"]));
  table.open(record({ slot: 1, bytesSent: 12, hasIdentity: false }));
  table.settle(true);
  assert.deepEqual(
    takeRows(grouping).map((row) => [row.destination?.domain, row.bytes_sent, row.connections.active]),
    [
      ["after.example", 7, 1],
      ["before.example", 5, 0],
    ],
  );
});

test("flows of a process that is about to be named wait for the name, ended ones too, but not past the end", () => {
  const early = processTags(100, "4f3c8a1d2b6e");
  const named = processTags(100, "web");
  const awaited = new Set([early]);
  const grouping = new Grouping({
    groupBy: parseGroupBy("service"),
    lookup: (end, tag) => TAGS.valueOf(end, tag),
  });
  const table = new FlowTable({
    host: "web-1",
    grouping,
    findProcess: () => early,
    isAwaited: (process) => awaited.has(process),
    findDomain: () => null,
  });
  const rows = (last = false) => {
    table.settle(last);
    return takeRows(grouping).map((row) => [row.source?.service, row.bytes_sent, row.connections.closed]);
  };
  table.closed(record({ bytesSent: 10, identity: { localPort: 1 } }));
  table.open(record({ slot: 1, bytesSent: 5, identity: { localPort: 2 } }));
  assert.deepEqual(rows(), []);
  awaited.clear();
  table.replaceProcesses(new Map([[early, named]]));
  assert.deepEqual(rows(), [["web", 15, 1]]);
  awaited.add(early);
  table.closed(record({ bytesSent: 7, identity: { localPort: 3 } }));
  assert.deepEqual(rows(true), [
    ["4f3c8a1d2b6e", 7, 1],
    ["web", 0, 0],
  ]);
});

test("both ends of a connection that is over wait for a name as well", () => {
  const early = processTags(100, "4f3c8a1d2b6e");
  const awaited = new Set([early]);
  const grouping = new Grouping({
    groupBy: parseGroupBy("service"),
    lookup: (end, tag) => TAGS.valueOf(end, tag),
  });
  const table = new FlowTable({
    host: "web-1",
    grouping,
    findProcess: (pid) => (pid === 100 ? early : (PROCESSES.get(pid) ?? null)),
    isAwaited: (process) => awaited.has(process),
    findDomain: () => null,
  });
  table.closed(record({ bytesSent: 3, bytesReceived: 4, identity: client }));
  table.closed(record({ bytesSent: 4, bytesReceived: 3, identity: server }));
  table.settle(false);
  assert.deepEqual(takeRows(grouping), []);
  awaited.clear();
  table.replaceProcesses(new Map([[early, processTags(100, "web")]]));
  table.settle(false);
  assert.deepEqual(takeRows(grouping).map(ends).sort(), ["db > web", "web > db"]);
});

test("thousands of conversations over the same few ports and addresses find their own other ends", () => {
  const { table, rows } = open("source.ip,source.port,destination.ip,destination.port,destination.service");
  const pairs = new Map<string, number>();
  for (let a = 0; a < 12; a++) {
    for (let b = 0; b < 12; b++) {
      for (let port = 1; port <= 12; port++) {
        const ends = {
          localIp: `10.0.0.${a}`,
          localPort: port,
          remoteIp: `10.0.1.${b}`,
          remotePort: 13 - port,
        };
        const bytesSent = 1 + pairs.size;
        pairs.set(`${ends.localIp}:${port} ${ends.remoteIp}:${13 - port}`, bytesSent);
        table.closed(record({ bytesSent, identity: ends }));
      }
    }
  }
  for (const [pair, bytesReceived] of [...pairs].reverse()) {
    const [, remoteIp = "", remotePort, localIp = "", localPort] = /^(.*):(.*) (.*):(.*)$/.exec(pair) ?? [];
    const identity = { localIp, localPort: Number(localPort), remoteIp, remotePort: Number(remotePort) };
    table.closed(record({ bytesReceived, identity: { ...identity, direction: "incoming", pid: 200 } }));
  }
  const known = rows().filter((row) => row.destination?.service === "db");
  assert.equal(known.length, pairs.size);
  for (const row of known) {
    const key = `${row.source?.ip}:${row.source?.port} ${row.destination?.ip}:${row.destination?.port}`;
    assert.equal(row.bytes_sent, pairs.get(key), key);
  }
});

function ends(row: SnapshotFlow): string {
  return `${row.source?.service} > ${row.destination?.service}`;
}

function pick(rows: readonly SnapshotFlow[]) {
  return rows.map((row) => ({
    sent: row.bytes_sent,
    received: row.bytes_received,
    active: row.connections.active,
    opened: row.connections.opened,
    closed: row.connections.closed,
  }));
}

test("a rollup keeps the server's port and adds up the connections of a client", () => {
  const { table, rows } = open("rollup");
  for (const [index, localPort] of [40000, 40001, 40002].entries()) {
    const identity = { localPort, remoteIp: "192.0.2.1", remotePort: 443, pid: 100 };
    table.open(record({ slot: index + 1, identity, bytesSent: 10 }));
  }
  const accepted = { ...SERVER, remoteIp: "192.0.2.7", localPort: 80, remotePort: 50000 };
  table.open(record({ slot: 9, identity: accepted }));
  const found = rows(true).map(({ source, destination, direction, bytes_sent, connections }) => ({
    ports: [source?.port, destination?.port],
    hasPid: source !== undefined && "pid" in source,
    direction,
    bytes_sent,
    active: connections.active,
  }));
  assert.deepEqual(found, [
    { ports: [null, 443], hasPid: false, direction: "outgoing", bytes_sent: 30, active: 3 },
    { ports: [80, null], hasPid: false, direction: "incoming", bytes_sent: 0, active: 1 },
  ]);
});
