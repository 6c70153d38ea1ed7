import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { answerQuestion } from "../../src/history/answer.ts";
import type { HistoryAnswer } from "../../src/history/history.ts";
import { BUILT_IN_NAMES } from "../../src/query/tag-names.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { createFlow, createSnapshot } from "../view/fixtures/snapshots.ts";

const NOW = Date.parse("2026-01-03T00:00:00Z");
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const BYTES = 300_000;

const folder = mkdtempSync(join(tmpdir(), "npmon-coverage-"));
let store: Store;

/** Reports every five minutes from `from` to `to` minutes before now, the last of which ends there. */
function reports(host: string, from: number, to: number) {
  const flow = createFlow({
    source: { service: "web", host, ip: null, port: null },
    bytes_sent: BYTES,
    bytes_received: 0,
  });
  return Array.from({ length: (from - to) / 5 }, (_, index) => {
    const startMs = NOW - (from - index * 5) * MINUTE_MS;
    return createSnapshot({
      id: randomUUID(),
      host,
      start: new Date(startMs).toISOString(),
      end: new Date(startMs + 5 * MINUTE_MS).toISOString(),
      interval_ms: 5 * MINUTE_MS,
      group_by: ["rollup"],
      flows: [flow],
    });
  });
}

before(async () => {
  store = await openStore({ folder, retentionMs: 5 * 24 * HOUR_MS, now: () => NOW });
  // the one reports until now minus what is on its way, the other stops early; before both there is nothing
  await store.put([...reports("on", 180, 5), ...reports("off", 240, 120)]);
});
after(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function ask(fromMinutes: number, toMinutes: number, stepMinutes?: number): Promise<HistoryAnswer> {
  return answerQuestion(
    store,
    {
      sinceMs: NOW - fromMinutes * MINUTE_MS,
      untilMs: NOW - toMinutes * MINUTE_MS,
      groupBy: "source.service",
      filter: "",
      ...(stepMinutes !== undefined && { stepMs: stepMinutes * MINUTE_MS }),
    },
    BUILT_IN_NAMES,
  );
}

/** The measured minutes of each window, and who reported. */
const measured = ({ windows }: HistoryAnswer) =>
  windows.map(({ host, interval_ms }) => [host, Math.round(interval_ms / MINUTE_MS)]);

/** To a hundredth, for times are known to a thousandth of the period at each end. */
const ratesOf = ({ windows }: HistoryAnswer) =>
  windows.map(({ flows, interval_ms }) =>
    flows[0] === undefined ? null : Math.round((flows[0].bytes_sent / interval_ms) * 100) * 10,
  );

test("rates are of the time that was reported, also where the last report is on its way", async () => {
  const answer = await ask(60, 0);
  assert.deepEqual(measured(answer), [["on", 55]]);
  assert.deepEqual(ratesOf(answer), [1000]);
  assert.deepEqual(
    answer.hosts.map(({ host, interval_ms }) => [host, Math.round((interval_ms ?? 0) / 10_000)]),
    [["on", 30]],
  );
});

test("a time shorter than a report knows how long reports are from those before", async () => {
  const answer = await ask(12, 0);
  assert.deepEqual(measured(answer), [["on", 5]]);
  assert.deepEqual(ratesOf(answer), [1000]);
});

test("hosts that report side by side cover their time once", async () => {
  const answer = await ask(180, 120);
  assert.deepEqual(measured(answer), [["2 hosts", 60]]);
  assert.deepEqual(ratesOf(answer), [2000]);
});

test("windows that nobody reported in are gaps, and say so by a time of nothing", async () => {
  const answer = await ask(300, 0, 30);
  assert.deepEqual(measured(answer), [
    ["0 hosts", 0],
    ["0 hosts", 0],
    ["off", 30],
    ["off", 30],
    ["2 hosts", 30],
    ["2 hosts", 30],
    ["on", 30],
    ["on", 30],
    ["on", 30],
    ["on", 25],
  ]);
  assert.deepEqual(ratesOf(answer), [null, null, 1000, 1000, 2000, 2000, 1000, 1000, 1000, 1000]);
});

test("a step shorter than a report does not make its rate any higher", async () => {
  const answer = await ask(20, 10, 1);
  const rates = ratesOf(answer).filter((rate) => rate !== null);
  assert.deepEqual(rates, [1000, 1000]);
  assert.equal(measured(answer).filter(([, minutes]) => minutes === 0).length, 8);
});

test("nothing of it is in the store: no host, no row, no time", async () => {
  const answer = await ask(600, 500);
  assert.deepEqual(measured(answer), [["0 hosts", 0]]);
  assert.deepEqual([answer.hosts, answer.windows[0]?.flows], [[], []]);
});
