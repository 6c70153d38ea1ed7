import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseGroupBy } from "../../src/query/group-by.ts";
import { parseFilter } from "../../src/query/parse-filter.ts";
import { createTagNames } from "../../src/query/tag-names.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store, StoreAnswer, StoreQuery } from "../../src/store/store.ts";
import { createRandom, randomFleet } from "./random-fleet.ts";

const HOUR_MS = 3_600_000;
const FIRST = Date.parse("2026-01-02T03:00:00Z");
const HOURS = 6;
const names = createTagNames(["team"]);

const GROUPS = [
  "service",
  "client.service,server.service",
  "client.host,server.host,server.port",
  "host,protocol",
  "source.pod,destination.service",
  "team",
  "client.team,server.team,direction",
  "namespace,env",
  "ip",
  "flow",
];
const FILTERS = [
  "",
  "source.env:prod",
  "10.0.0.0/16",
  "destination.service:service-1*",
  "team:team-1",
  "client.service:* -protocol:udp",
];

const folderOf = (t: { after(action: () => void): void }): string => {
  const folder = mkdtempSync(join(tmpdir(), "npmon-summaries-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** Without what is new in every answer. */
const comparable = ({ windows, hasMore }: StoreAnswer) => ({
  hasMore,
  windows: windows.map(({ id: _, flows, ...rest }) => ({
    ...rest,
    flows: flows.map((flow) => JSON.stringify(flow)).sort(),
  })),
});

async function assertSame(raw: Store, summarised: Store, query: StoreQuery, words: string): Promise<void> {
  assert.deepEqual(comparable(await summarised.query(query)), comparable(await raw.query(query)), words);
}

const summariesIn = (folder: string): readonly string[] =>
  readdirSync(join(folder, "flows"), { recursive: true })
    .map(String)
    .filter((name) => /\/[stb][0-9a-f]{16}\.parquet$/.test(name));

/** Two stores with the same snapshots; the clock of the first never lets an hour be over. */
async function openPair(t: { after(action: () => Promise<void> | void): void }) {
  const folders = { raw: folderOf(t), summarised: folderOf(t) };
  const retentionMs = 30 * 24 * HOUR_MS;
  const late = FIRST + (HOURS + 2) * HOUR_MS;
  const raw = await openStore({ folder: folders.raw, retentionMs, now: () => FIRST + HOUR_MS * HOURS });
  const summarised = await openStore({ folder: folders.summarised, retentionMs, now: () => late });
  t.after(async () => {
    await raw.close();
    await summarised.close();
  });
  return { raw, summarised, folders };
}

test("a question has the same answer from summaries as from the rows they are of", async (t) => {
  const { raw, summarised, folders } = await openPair(t);
  const snapshots = randomFleet(7, FIRST, FIRST + HOURS * HOUR_MS - 300_000);
  await raw.put(snapshots);
  await summarised.put(snapshots);
  await summarised.maintain();
  assert.equal(summariesIn(folders.summarised).length, 3 * HOURS);
  assert.equal(summariesIn(folders.raw).length, 0);
  const random = createRandom(3);
  const minutes = (most: number) => Math.floor(random() * most) * 60_000;
  for (const [index, group] of GROUPS.entries()) {
    for (const filter of ["", FILTERS[index % FILTERS.length] ?? ""]) {
      const sinceMs = FIRST + (random() < 0.5 ? 0 : minutes(130));
      const untilMs = FIRST + HOURS * HOUR_MS - (random() < 0.5 ? 0 : minutes(130));
      const steps = [undefined, HOUR_MS, 300_000, 7 * 60_000, 2 * HOUR_MS];
      const stepMs = steps[Math.floor(random() * steps.length)];
      const query = {
        sinceMs,
        untilMs,
        stepMs,
        groupBy: parseGroupBy(group, names),
        filter: parseFilter(filter, { names }),
      };
      await assertSame(raw, summarised, query, `${group} | ${filter} | ${JSON.stringify(query)}`);
    }
  }
});

test("what comes late voids the summary of its hour, and at the edge of an hour that of the next", async (t) => {
  const { raw, summarised, folders } = await openPair(t);
  const snapshots = randomFleet(11, FIRST, FIRST + HOURS * HOUR_MS - 300_000);
  // the last minutes of the second hour: what callers say there counts in the third
  const isLate = (start: string) => {
    const minute = (Date.parse(start) - FIRST) / 60_000;
    return minute >= 110 && minute < 120;
  };
  await summarised.put(snapshots.filter(({ start }) => !isLate(start)));
  await summarised.maintain();
  assert.equal(summariesIn(folders.summarised).length, 3 * HOURS);
  await raw.put(snapshots);
  await summarised.put(snapshots.filter(({ start }) => isLate(start)));
  for (const isMaintained of [false, true]) {
    if (isMaintained) await summarised.maintain();
    for (const group of GROUPS.slice(0, 3)) {
      const window = { sinceMs: FIRST, untilMs: FIRST + HOURS * HOUR_MS, filter: null };
      await assertSame(raw, summarised, { ...window, groupBy: parseGroupBy(group, names) }, group);
    }
    const expected = isMaintained ? 3 * HOURS : 3 * (HOURS - 2);
    assert.equal(summariesIn(folders.summarised).length, expected);
  }
});

test("one who only reads gets whole answers while an intake joins, sums up and deletes", async (t) => {
  const folder = folderOf(t);
  const retentionMs = HOURS * HOUR_MS;
  let nowMs = FIRST + HOURS * HOUR_MS;
  const store = await openStore({ folder, retentionMs, now: () => nowMs });
  const snapshots = randomFleet(5, FIRST, nowMs - 300_000);
  const kept = snapshots.filter(({ start }) => Date.parse(start) >= FIRST + 3 * HOUR_MS);
  // one file each time
  for (let at = 0; at < snapshots.length; at += 20) {
    await store.put(snapshots.slice(at, at + 20));
    await store.maintain();
  }
  const reader = await openStore({ folder, retentionMs, readOnly: true });
  const query = {
    sinceMs: FIRST + 3 * HOUR_MS,
    untilMs: nowMs,
    groupBy: parseGroupBy("service"),
    filter: null,
  };
  const bytes = kept.flatMap(({ flows }) => flows).reduce((sum, flow) => sum + flow.bytes_sent, 0);
  let isDone = false;
  const changing = (async () => {
    for (const hours of [1, 2, 3]) {
      nowMs = FIRST + (HOURS + hours) * HOUR_MS;
      await store.maintain();
    }
    isDone = true;
  })();
  let asked = 0;
  while (!isDone || asked < 3) {
    const [window] = (await reader.query(query)).windows;
    assert.equal(
      window?.flows.reduce((sum, flow) => sum + flow.bytes_sent, 0),
      bytes,
    );
    asked++;
  }
  await changing;
  assert.equal(readdirSync(join(folder, "flows")).length, 3);
  await reader.close();
  await store.close();
});
