import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseGroupBy } from "../../src/query/group-by.ts";
import { parseFilter } from "../../src/query/parse-filter.ts";
import type { Snapshot, SnapshotFlow } from "../../src/snapshot/snapshot.ts";
import { openStore } from "../../src/store/open.ts";
import { createFlow, createSnapshot } from "../view/fixtures/snapshots.ts";

const NOW = Date.parse("2026-01-03T00:00:00Z");
const DAY_MS = 86_400_000;

const folderOf = (t: { after(action: () => void): void }): string => {
  const folder = mkdtempSync(join(tmpdir(), "npmon-store-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};
const options = (folder: string, now = NOW) => ({ folder, retentionMs: 5 * DAY_MS, now: () => now });

function snapshot(start: string, flows: readonly SnapshotFlow[], host = "web-1"): Snapshot {
  const startMs = Date.parse(start);
  const end = new Date(startMs + 300_000).toISOString();
  return createSnapshot({
    id: randomUUID(),
    host,
    start,
    end,
    interval_ms: 300_000,
    group_by: ["flow"],
    flows,
  });
}

const ask = (groupBy: string, filter = "") => ({
  sinceMs: NOW - 10 * DAY_MS,
  untilMs: NOW + DAY_MS,
  groupBy: parseGroupBy(groupBy),
  filter: parseFilter(filter),
});

test("a snapshot is counted once, however often it comes and whatever happened in between", async (t) => {
  const folder = folderOf(t);
  const first = snapshot("2026-01-02T00:00:00.000Z", [
    createFlow({ bytes_sent: 2 ** 40 + 1, bytes_received: 0 }),
  ]);
  const second = snapshot("2026-01-02T00:05:00.000Z", [createFlow({ bytes_sent: 5, bytes_received: 0 })]);
  const empty = snapshot("2026-01-02T00:10:00.000Z", []);
  let store = await openStore(options(folder));
  assert.deepEqual((await store.put([first, first])).duplicate, [first.id]);
  await store.close();
  // what a kill leaves: half a snapshot behind the acknowledged one
  const [segment = ""] = readdirSync(join(folder, "journal"));
  appendFileSync(join(folder, "journal", segment), '{"kind":"flow","snapshot":"x"}\n{"kind":"fl');
  store = await openStore(options(folder));
  assert.deepEqual((await store.put([first, second, empty])).accepted, [second.id, empty.id]);
  for (let round = 0; round < 2; round++) {
    await store.maintain();
    assert.deepEqual((await store.put([first, second, empty])).accepted, []);
    const [window] = (await store.query(ask("service"))).windows;
    assert.deepEqual(
      window?.flows.map((flow) => [flow.source, flow.bytes_sent]),
      [[{ service: "web" }, 2 ** 40 + 6]],
    );
    await store.close();
    store = await openStore(options(folder));
  }
  // the data and three summaries of it
  assert.equal(store.status().files, 4);
  await store.close();
});

test("hours past the retention are deleted, and what belongs to them or to the future is refused", async (t) => {
  const folder = folderOf(t);
  const store = await openStore(options(folder));
  const kept = snapshot("2026-01-02T00:00:00.000Z", [createFlow()]);
  assert.equal((await store.put([kept])).accepted.length, 1);
  await store.maintain();
  await store.close();
  const later = await openStore(options(folder, NOW + 6 * DAY_MS));
  await later.maintain();
  assert.equal(later.status().files, 0);
  const future = snapshot("2099-01-01T00:00:00.000Z", [createFlow()]);
  assert.equal((await later.put([kept, future])).refused.length, 2);
  await later.close();
});

test("both ends of a conversation are one answer: counted once, and the far end has its host's tags", async (t) => {
  const store = await openStore(options(folderOf(t)));
  const tcp = { protocol: "tcp", family: "ipv4" } as const;
  const client = createFlow({
    ...tcp,
    direction: "outgoing",
    source: { service: "web", ip: "10.0.0.1", port: null, host: "a" },
    destination: { service: null, ip: "10.0.0.2", port: 5432, host: null },
    bytes_sent: 100,
    bytes_received: 7,
  });
  const server = createFlow({
    ...tcp,
    direction: "incoming",
    source: { service: "postgres", ip: "10.0.0.2", port: 5432, host: "b" },
    destination: { service: null, ip: "10.0.0.1", port: null, host: null },
    bytes_sent: 7,
    bytes_received: 100,
  });
  await store.put([
    snapshot("2026-01-02T00:00:00.000Z", [client], "a"),
    snapshot("2026-01-02T00:00:01.000Z", [server], "b"),
  ]);
  const [window] = (await store.query(ask("client.service,server.service,server.host"))).windows;
  assert.deepEqual(
    window?.flows.map((flow) => [flow.client, flow.server, flow.bytes_sent, flow.bytes_received]),
    [[{ service: "web" }, { service: "postgres", host: "b" }, 100, 7]],
  );
  const [ends] = (await store.query(ask("service"))).windows;
  assert.deepEqual(ends?.flows.map((flow) => [flow.source?.service, flow.destination?.service]).sort(), [
    ["postgres", "web"],
    ["web", "postgres"],
  ]);
  await store.close();
});

const HOSTILE = `'; DROP TABLE x; --"\\ %_\u2028\u0000\ud800 $1`;

test("filters find what they name and nothing in a value is SQL", async (t) => {
  const store = await openStore(options(folderOf(t)));
  const end = { service: HOSTILE, ip: "10.1.2.3", port: "'; --", "label.x": HOSTILE };
  await store.put([
    snapshot("2026-01-02T00:00:00.000Z", [
      createFlow({ source: end as never, destination: { service: "db", ip: "2001:db8::1", port: 5432 } }),
      createFlow({ source: { service: "Web-1", ip: "192.0.2.1" }, destination: { service: "db", port: 80 } }),
    ]),
  ]);
  const cases: readonly (readonly [string, number])[] = [
    ["source.ip:10.0.0.0/8", 1],
    ["2001:db8::/32", 1],
    ["source.service:web*", 1],
    ["-source.service:web*", 1],
    ["destination.port:[5000 TO 6000]", 1],
    ["destination.port:>1", 2],
    ["source.service:*DROP*", 1],
    ['source.service:"x\' OR 1=1 --"', 0],
    ["172.16.0.0/12", 0],
    ["bytes:>100GB", 0],
    ["source.container:*", 0],
    ["label.x:*", 1],
  ];
  for (const [filter, rows] of cases) {
    const { windows } = await store.query(ask("service", filter));
    assert.equal(windows[0]?.flows.length, rows, filter);
  }
  const [labels] = (await store.query(ask("source.label.x'];--"))).windows;
  assert.equal(labels?.flows.length, 1);
  await store.close();
});
