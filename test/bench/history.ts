import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseGroupBy } from "../../src/query/group-by.ts";
import { parseFilter } from "../../src/query/parse-filter.ts";
import { Duck } from "../../src/store/duckdb.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { HOSTS, HOUR_MS, ROWS, shiftHour, writeHour } from "./history-data.ts";
import { queryTable } from "./history-query.ts";
import { readResident } from "./resident.ts";
import { spreadOf } from "./spread.ts";
import type { Cell, Table } from "./table.ts";

const DAYS = 5;
const DAY_MS = 24 * HOUR_MS;
const ROUNDS = 5;
const MIB = 2 ** 20;
/** Whole hours, the last of which ended so long ago that it can be summarised; near now, for an intake has no clock but this one. */
const NOW = Date.now();
const LAST = Math.floor((NOW - 21 * 60_000) / HOUR_MS) * HOUR_MS;

interface Question {
  readonly words: string;
  readonly groupBy: string;
  readonly filter: string;
  readonly sinceMs: number;
  readonly untilMs?: number;
  readonly stepMs?: number;
}

const FIVE_DAYS = LAST - DAYS * DAY_MS;
const FILTER = "source.env:prod -destination.service:service-7*";

const QUESTIONS: readonly [Question, ...Question[]] = [
  { words: "service × service, with a filter, 5 d", groupBy: "service", filter: FILTER, sinceMs: FIVE_DAYS },
  {
    words: "the same, the window beginning within an hour",
    groupBy: "service",
    filter: FILTER,
    sinceMs: FIVE_DAYS + 17 * 60_000 + 1,
  },
  {
    words: "client.service,server.service, 5 d",
    groupBy: "client.service,server.service",
    filter: "",
    sinceMs: FIVE_DAYS,
  },
  {
    words: "service by steps of 5 m, 24 h",
    groupBy: "service",
    filter: "",
    sinceMs: LAST - DAY_MS,
    stepMs: 300_000,
  },
  {
    words: "client.host,server.host, 5 d",
    groupBy: "client.host,server.host",
    filter: "",
    sinceMs: FIVE_DAYS,
  },
  { words: "one address, 5 d", groupBy: "service,ip", filter: "ip:10.3.0.7", sinceMs: FIVE_DAYS },
  { words: "a network, 5 d", groupBy: "service", filter: "ip:10.3.0.0/16", sinceMs: FIVE_DAYS },
  { words: "flow (every tag), 5 d", groupBy: "flow", filter: "", sinceMs: FIVE_DAYS },
];

/** Five days of a fleet, and what it takes to ask them. */
export async function measureHistory(): Promise<readonly Table[]> {
  const folder = mkdtempSync(join(tmpdir(), "npmon-history-"));
  try {
    const making = await make(folder);
    const store = await openStore({ folder, retentionMs: (DAYS + 1) * DAY_MS, now: () => NOW });
    const tables: Table[] = [];
    try {
      const started = performance.now();
      await store.maintain();
      const summarisingS = (performance.now() - started) / 1000;
      const { bytes } = store.status();
      tables.push(await askTable(store), makingTable(making, summarisingS, bytes));
    } finally {
      await store.close();
    }
    const [{ untilMs = LAST, ...question }] = QUESTIONS;
    return [...tables, await queryTable(folder, { ...question, untilMs })];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function make(folder: string): Promise<number> {
  const started = performance.now();
  const duck = await Duck.open(":memory:", null);
  for (let day = 0; day < DAYS; day++) {
    const hourMs = FIVE_DAYS + day * DAY_MS;
    const file = await writeHour(duck, folder, hourMs);
    for (let hour = 1; hour < 24; hour++) {
      await shiftHour(duck, folder, { file, hourMs }, hourMs + hour * HOUR_MS);
    }
  }
  await duck.close();
  return (performance.now() - started) / 1000;
}

export async function askTable(store: Store): Promise<Table> {
  const rows: Cell[][] = [];
  for (const { words, groupBy, filter, sinceMs, untilMs = LAST, stepMs } of QUESTIONS) {
    const query = { sinceMs, untilMs, stepMs, groupBy: parseGroupBy(groupBy), filter: parseFilter(filter) };
    const times: number[] = [];
    let found = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const started = performance.now();
      const { windows } = await store.query(query);
      times.push((performance.now() - started) / 1000);
      found = windows.reduce((sum, { flows }) => sum + flows.length, 0);
    }
    rows.push([words, spreadOf(times), found]);
  }
  return {
    title: `history: questions over ${DAYS} days of ${HOSTS} hosts with ${ROWS} rows in five minutes, ${DAYS * 24 * 12 * HOSTS * ROWS} rows`,
    columns: ["question", "s", "rows of the answer"],
    rows,
    notes: [`Resident after it: ${Math.round((readResident(process.pid)?.total ?? 0) / MIB)} MiB.`],
  };
}

function makingTable(makingS: number, summarisingS: number, bytes: number): Table {
  const total = DAYS * 24 * 12 * HOSTS * ROWS;
  return {
    title: "history: what it takes to keep",
    columns: ["rows", "made in s", "summaries of an hour s", "bytes/row with summaries"],
    rows: [[total, makingS, summarisingS / (DAYS * 24), bytes / total]],
    notes: ["Of each day one hour is made row by row, and the others are it at another time."],
  };
}
