import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseGroupBy } from "../../src/query/group-by.ts";
import { filesSql } from "../../src/store/columns.ts";
import { Duck } from "../../src/store/duckdb.ts";
import { openStore } from "../../src/store/open.ts";
import { bundleProgram } from "../bundle.ts";
import { createRandom } from "./random-fleet.ts";

const HOUR_MS = 3_600_000;
const RETENTION_MS = 6 * HOUR_MS;
/** In each of two folders at once. */
const KILLS = 25;
const LANES = 2;
const MOST_MS = 120;
const PROGRAM = bundleProgram(join(import.meta.dirname, "store-program.js"));
const FIRST = Date.parse("2026-01-02T00:00:00Z");

interface Acknowledged {
  readonly startMs: number;
  readonly bytes: number;
}

/** Runs the program until it is killed, some time after it has opened the folder or even before. */
async function runUntilKilled(
  folder: string,
  nowMs: number,
  seed: number,
  afterMs: number,
  told: (line: string) => void,
): Promise<void> {
  const program = [PROGRAM, folder];
  const child = spawn(process.execPath, [...program, String(nowMs), String(seed)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  let partial = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (partial + text).split("\n");
    partial = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "open") setTimeout(() => child.kill("SIGKILL"), afterMs);
      else told(line);
    }
  });
  const [, signal] = await once(child, "close");
  assert.equal(signal, "SIGKILL", errors);
}

test("whatever instant it is killed at, what was acknowledged is there once and what was deleted stays away", async (t) => {
  const folders = Array.from({ length: LANES }, () => mkdtempSync(join(tmpdir(), "npmon-kill-")));
  t.after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  await Promise.all(folders.map((folder, lane) => killAgainAndAgain(folder, Date.now() + lane)));
});

async function killAgainAndAgain(folder: string, seed: number): Promise<void> {
  const random = createRandom(seed);
  const acknowledged = new Map<string, Acknowledged>();
  let nowMs = FIRST;
  for (let kill = 0; kill < KILLS; kill++) {
    await runUntilKilled(folder, nowMs, kill * 1000, Math.floor(random() * MOST_MS), (line) => {
      const [id = "", startMs, bytes, now] = line.split(" ");
      acknowledged.set(id, { startMs: Number(startMs), bytes: Number(bytes) });
      nowMs = Number(now);
    });
    if (kill % 10 === 9 || kill === KILLS - 1) await assertWhole(folder, nowMs, acknowledged);
  }
  assert.ok(acknowledged.size > KILLS);
}

/** What the store answers, and what its files hold, against what was acknowledged. */
async function assertWhole(
  folder: string,
  nowMs: number,
  acknowledged: ReadonlyMap<string, Acknowledged>,
): Promise<void> {
  const store = await openStore({ folder, retentionMs: RETENTION_MS, now: () => nowMs });
  const oldest = Math.floor((nowMs - RETENTION_MS) / HOUR_MS) * HOUR_MS;
  await store.maintain();
  const window = {
    sinceMs: oldest,
    untilMs: nowMs + HOUR_MS,
    groupBy: parseGroupBy("service"),
    filter: null,
  };
  const hourly = await store.query({ ...window, stepMs: HOUR_MS });
  const all = await store.query({ ...window, sinceMs: 0 });
  await store.close();
  const duck = await Duck.open(":memory:", null);
  const files = readdirSync(join(folder, "flows"), { recursive: true })
    .map((name) => join(folder, "flows", String(name)))
    .filter((name) => /\/[fc]\d{13}\.parquet$/.test(name));
  const rows = await duck.all(
    `SELECT snapshot AS id, count(*)::INTEGER AS times FROM ${filesSql(files)} WHERE snapshot IS NOT NULL GROUP BY snapshot`,
  );
  await duck.close();
  const times = new Map(rows.map(({ id, times }) => [String(id), Number(times)]));
  let least = 0;
  for (const [id, { startMs, bytes }] of acknowledged) {
    if (startMs < oldest) assert.equal(times.has(id), false, `${id} was deleted`);
    else {
      assert.equal(times.get(id), 1, id);
      least += bytes;
    }
  }
  // written, and killed before it could say so
  const unsaid = [...times.keys()].filter((id) => !acknowledged.has(id));
  assert.ok(unsaid.length <= KILLS * 4);
  const bytesOf = (answer: typeof all) =>
    answer.windows.flatMap(({ flows }) => flows).reduce((sum, flow) => sum + flow.bytes_sent, 0);
  assert.equal(bytesOf(hourly), bytesOf(all));
  assert.ok(bytesOf(all) >= least && bytesOf(all) <= least + unsaid.length * 1000);
}
