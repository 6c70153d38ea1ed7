import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseGroupBy } from "../../src/query/group-by.ts";
import { KnownIds } from "../../src/store/known-ids.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { createFlow, createSnapshot } from "../view/fixtures/snapshots.ts";

const HOUR_MS = 3_600_000;
const START = Date.parse("2026-01-02T00:00:00Z");
const NOW = START + 3 * HOUR_MS;

const folderOf = (t: { after(action: () => void): void }): string => {
  const folder = mkdtempSync(join(tmpdir(), "npmon-states-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const snapshotOf = (bytes: number, minute = 0) =>
  createSnapshot({
    id: randomUUID(),
    start: new Date(START + minute * 60_000).toISOString(),
    end: new Date(START + minute * 60_000 + 300_000).toISOString(),
    flows: [createFlow({ bytes_sent: bytes })],
  });

const open = (folder: string, now = NOW, said: string[] = []) =>
  openStore({ folder, retentionMs: 24 * HOUR_MS, now: () => now, warn: (message) => said.push(message) });

async function bytesIn(store: Store): Promise<number> {
  const question = { sinceMs: 0, untilMs: START + 48 * HOUR_MS, filter: null };
  const { windows } = await store.query({ ...question, groupBy: parseGroupBy("service") });
  return windows[0]?.flows.reduce((sum, flow) => sum + flow.bytes_sent, 0) ?? 0;
}

/** Two files of one hour and the one that was to take their place, at some point of it. */
const HALF_JOINED: readonly (readonly [
  string,
  (hour: string, names: readonly string[], joined: string) => void,
])[] = [
  [
    "the joined file is written",
    (hour, [first = ""], joined) => copyFileSync(join(hour, first), join(hour, `${joined}.tmp`)),
  ],
  [
    "the intent is half written",
    (hour, [first = ""], joined) => {
      copyFileSync(join(hour, first), join(hour, `${joined}.tmp`));
      writeFileSync(join(hour, "replace.json.tmp"), '{"wri');
    },
  ],
];

test("what a kill leaves half done in an hour is ended or undone", async (t) => {
  for (const [words, make] of HALF_JOINED) {
    const folder = folderOf(t);
    let store = await open(folder, START + HOUR_MS);
    for (const bytes of [1, 2]) {
      await store.put([snapshotOf(bytes)]);
      await store.maintain();
    }
    await store.close();
    const hour = join(folder, "flows", "hour=2026-01-02T00");
    const names = readdirSync(hour);
    assert.equal(names.length, 2);
    make(hour, names, "c1999999999999.parquet");
    store = await open(folder, START + HOUR_MS);
    assert.equal(await bytesIn(store), 3, words);
    assert.equal(readdirSync(hour).length, 2, words);
    await store.close();
  }
});

test("from the moment the intent has its name the joined file counts and the others do not", async (t) => {
  const folder = folderOf(t);
  let store = await open(folder, START + HOUR_MS);
  for (const bytes of [1, 2]) {
    await store.put([snapshotOf(bytes)]);
    await store.maintain();
  }
  await store.close();
  const hour = join(folder, "flows", "hour=2026-01-02T00");
  const kept = join(folder, "kept");
  mkdirSync(kept);
  const old = readdirSync(hour);
  for (const name of old) copyFileSync(join(hour, name), join(kept, name));
  store = await open(folder);
  await store.maintain();
  await store.close();
  const joined = readdirSync(hour).find((name) => name.startsWith("c")) ?? "";
  writeFileSync(join(hour, "replace.json"), JSON.stringify({ written: joined, replaced: old }));
  for (const isRenamed of [false, true]) {
    for (const count of [2, 1, 0]) {
      for (const name of old.slice(0, count)) copyFileSync(join(kept, name), join(hour, name));
      writeFileSync(join(hour, "replace.json"), JSON.stringify({ written: joined, replaced: old }));
      if (!isRenamed && count === 2) renameSync(join(hour, joined), join(hour, `${joined}.tmp`));
      const reader = await openStore({ folder, retentionMs: 0, readOnly: true });
      assert.equal(await bytesIn(reader), 3);
      await reader.close();
      store = await open(folder);
      assert.equal(await bytesIn(store), 3);
      await store.maintain();
      assert.equal(readdirSync(hour).filter((name) => /^[fc]\d/.test(name)).length, 1);
      await store.close();
    }
  }
});

test("a deleted hour stays away however far its deletion came, and a summary without its data is none", async (t) => {
  const folder = folderOf(t);
  let store = await open(folder);
  await store.put([snapshotOf(1), snapshotOf(2, 65)]);
  await store.maintain();
  await store.close();
  const flows = join(folder, "flows");
  renameSync(join(flows, "hour=2026-01-02T00"), join(flows, "dropped-hour=2026-01-02T00"));
  const second = join(flows, "hour=2026-01-02T01");
  const summary = readdirSync(second).find((name) => name.startsWith("t")) ?? "";
  const alone = join(flows, "hour=2026-01-01T23");
  mkdirSync(alone);
  copyFileSync(join(second, summary), join(alone, summary));
  store = await open(folder);
  assert.equal(await bytesIn(store), 2);
  assert.deepEqual(readdirSync(flows), ["hour=2026-01-02T01"]);
  await store.close();
});

test("damaged bytes are set aside and told, and take nothing else with them", async (t) => {
  for (const isRunning of [true, false]) {
    const folder = folderOf(t);
    const said: string[] = [];
    let store = await open(folder, NOW, said);
    const sent = [snapshotOf(1), snapshotOf(2), snapshotOf(4)];
    for (const snapshot of sent) await store.put([snapshot]);
    if (!isRunning) await store.close();
    const journal = join(folder, "journal");
    const [name = ""] = readdirSync(journal);
    const bytes = readFileSync(join(journal, name));
    bytes.fill('"', bytes.indexOf(String(sent[1]?.id)) + 110, bytes.indexOf(String(sent[2]?.id)) - 5);
    writeFileSync(join(journal, name), bytes);
    if (!isRunning) store = await open(folder, NOW, said);
    assert.equal(await bytesIn(store), 5);
    assert.equal(store.status().damaged, 1);
    assert.match(said.join("\n"), /damaged/);
    assert.ok(readdirSync(journal).includes(`damaged-${name}`));
    await store.close();
    // a Parquet file too
    const hour = join(folder, "flows", "hour=2026-01-02T00");
    const [file = ""] = readdirSync(hour);
    store = await open(folder, NOW, said);
    await store.put([snapshotOf(8)]);
    await store.close();
    writeFileSync(join(hour, file), "no Parquet at all");
    store = await open(folder, NOW, said);
    assert.equal(await bytesIn(store), 8);
    assert.equal(store.status().damaged, 2);
    await store.close();
  }
});

test("an id is known in 64 bytes at most, until its hour goes", () => {
  const ids = new KnownIds();
  const all = Array.from({ length: 20_000 }, () => randomUUID());
  all.forEach((id, index) => {
    ids.add(id, index % 2 === 0 ? 0 : HOUR_MS);
  });
  assert.ok(ids.bytes / all.length <= 64);
  assert.ok(all.every((id) => ids.has(id)));
  assert.ok(!ids.has(randomUUID()));
  for (const id of all.slice(0, 50)) ids.remove(id, all.indexOf(id) % 2 === 0 ? 0 : HOUR_MS);
  assert.equal(all.filter((id) => ids.has(id)).length, all.length - 50);
  ids.dropBefore(HOUR_MS);
  assert.equal(ids.size, all.length / 2 - 25);
});

test("a series has a window for each step, empty ones too, and says of each who reported, how and for how long", async (t) => {
  const store = await open(folderOf(t));
  const of = (minute: number, bytes: number, host: string, tier: "kprobe" | "tracepoint") => {
    const snapshot = snapshotOf(bytes, minute);
    return { ...snapshot, host, probe: { ...snapshot.probe, tier, lost: 2 } };
  };
  await store.put([
    of(0, 1, "a", "kprobe"),
    of(6, 2, "a", "kprobe"),
    of(6, 4, "b", "tracepoint"),
    of(20, 8, "b", "tracepoint"),
  ]);
  const { windows } = await store.query({
    sinceMs: START,
    untilMs: START + 20 * 60_000,
    stepMs: 6 * 60_000,
    groupBy: parseGroupBy("service"),
    filter: null,
  });
  assert.deepEqual(
    windows.map(({ host, probe, flows, interval_ms }) => [
      host,
      probe.tier,
      probe.reason,
      probe.lost,
      flows[0]?.bytes_sent,
      interval_ms,
    ]),
    [
      ["a", "kprobe", undefined, 2, 1, 300_000],
      ["2 hosts", "tracepoint", "of 2 hosts 1 kprobe, 1 tracepoint", 4, 6, 300_000],
      ["0 hosts", "sockdiag", "no host reported", 0, undefined, 0],
      ["0 hosts", "sockdiag", "no host reported", 0, undefined, 0],
    ],
  );
  await store.close();
});
