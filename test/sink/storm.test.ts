import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { bundleProgram } from "../bundle.ts";
import { endIntake, type RunningIntake, startIntake } from "../intake/start-intake.ts";
import { type Deed, openProxy } from "./proxy.ts";
import { idOf } from "./snapshot-id.ts";
import { stormSnapshot } from "./storm-snapshot.ts";

const SNAPSHOTS = 10_000;
const FORWARDERS = 5;
const EACH = SNAPSHOTS / FORWARDERS;
const FORWARDER_KILLS = 10;
const INTAKE_KILLS = 5;
const PROGRAM = bundleProgram(join(import.meta.dirname, "storm-program.js"));
const TOKEN = "storm";

/** Half of all requests go well. */
const MISCHIEF: readonly Deed[] = [
  ...Array<Deed>(6).fill("pass"),
  "delay",
  "repeat",
  "cut-request",
  "cut-response",
  "drop-response",
  "silence",
];

/** One process after another on the same spool, until one has delivered all. */
class Sender {
  kills = 0;
  readonly #args: readonly string[];
  #child: ChildProcess | null = null;
  #isOver = false;

  constructor(args: readonly string[]) {
    this.#args = args;
  }

  async run(): Promise<void> {
    for (;;) {
      const child = spawn(process.execPath, [PROGRAM, ...this.#args], {
        stdio: ["ignore", "inherit", "inherit"],
      });
      this.#child = child;
      const status = await new Promise((resolve) =>
        child.on("exit", (code, signal) => resolve(code ?? signal)),
      );
      this.#child = null;
      if (status === 0 || this.#isOver) return;
      assert.equal(status, "SIGKILL");
    }
  }

  kill(): void {
    if (this.#child?.kill("SIGKILL")) this.kills++;
  }

  abandon(): void {
    this.#isOver = true;
    this.#child?.kill("SIGKILL");
  }
}

/** A folder, and an intake in it that is always the latest started. */
async function openStage(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "npmon-storm-"));
  const tokens = join(root, "tokens");
  writeFileSync(tokens, `${TOKEN}\n`);
  const args = ["--data", join(root, "data"), "--token-file", tokens];
  const stage = { root, args, intake: await startIntake(args) };
  t.after(async () => {
    await endIntake(stage.intake, "SIGKILL");
    rmSync(root, { recursive: true, force: true });
  });
  return stage;
}

const ask = async (intake: RunningIntake, path: string): Promise<string> =>
  (await fetch(`${intake.url}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } })).text();

test("ten thousand snapshots through cuts, delays, repeats and kills are there once each, to the byte", async (t) => {
  const startMs = Date.now() - 600_000;
  const stage = await openStage(t);
  const proxy = await openProxy(
    () => stage.intake.port,
    () => MISCHIEF[Math.floor(Math.random() * MISCHIEF.length)] ?? "pass",
  );
  t.after(() => proxy.close());
  const url = `http://127.0.0.1:${proxy.port}`;
  const made = join(stage.root, "made");
  const snapshots = Array.from({ length: SNAPSHOTS }, (_, number) =>
    stormSnapshot(number, `host-${Math.floor(number / EACH)}`, startMs),
  );
  writeFileSync(made, snapshots.map((snapshot) => `${JSON.stringify(snapshot)}\n`).join(""));
  const senders = Array.from({ length: FORWARDERS }, (_, index) => {
    const range = [index * EACH, (index + 1) * EACH].map(String);
    const [spool, journal] = [join(stage.root, `spool-${index}`), join(stage.root, `made-${index}`)];
    return new Sender([spool, url, journal, made, ...range]);
  });
  t.after(() => {
    for (const sender of senders) sender.abandon();
  });
  let isOver = false;
  const sent = Promise.all(senders.map((sender) => sender.run())).finally(() => {
    isOver = true;
  });
  const killSenders = async (): Promise<void> => {
    for (let kills = 0; kills < FORWARDER_KILLS && !isOver; kills++) {
      await setTimeout(500 + Math.random() * 700);
      senders[Math.floor(Math.random() * FORWARDERS)]?.kill();
    }
  };
  let intakeKills = 0;
  const killIntakes = async (): Promise<void> => {
    while (intakeKills < INTAKE_KILLS && !isOver) {
      await setTimeout(1000 + Math.random() * 500);
      await endIntake(stage.intake, "SIGKILL");
      intakeKills++;
      stage.intake = await startIntake(stage.args);
    }
  };
  await Promise.all([sent, killSenders(), killIntakes()]);

  const kills = senders.reduce((sum, sender) => sum + sender.kills, 0);
  const requests = Object.values(proxy.done).reduce((sum, count) => sum + count, 0);
  const deeds = Object.entries(proxy.done).map(([deed, count]) => `${deed} ${count}`);
  t.diagnostic(
    `killed: forwarders ${kills}, intake ${intakeKills}; ${requests} requests: ${deeds.join(", ")}`,
  );
  assert.ok(kills > 0 && intakeKills > 0);
  for (const [deed, count] of Object.entries(proxy.done)) assert.ok(count > 0, `no ${deed}`);

  const search = new URLSearchParams({
    since_ms: String(startMs - 1000),
    until_ms: String(startMs + SNAPSHOTS + 1000),
    group_by: "source.host",
  });
  const { windows } = JSON.parse(await ask(stage.intake, `/v1/query?${search}`)) as {
    windows: { flows: Record<string, unknown>[] }[];
  };
  const found = new Map(
    windows[0]?.flows.map(
      ({ source, bytes_sent, bytes_received, packets_sent, packets_received, connections }) => [
        (source as { host: string }).host,
        [
          bytes_sent,
          bytes_received,
          packets_sent,
          packets_received,
          (connections as { opened: number }).opened,
        ],
      ],
    ),
  );
  const expected = new Map(
    senders.map((_, index) => {
      const numbers = Array.from({ length: EACH }, (_each, offset) => index * EACH + offset);
      const sum = (of: (number: number) => number) => numbers.reduce((all, number) => all + of(number), 0);
      const total = sum((number) => number);
      return [`host-${index}`, [sum((number) => number ** 2), total * 7919, total, EACH, EACH]];
    }),
  );
  assert.deepEqual([...found].sort(), [...expected].sort());
  assert.match(await ask(stage.intake, "/metrics"), new RegExp(`^npmon_intake_snapshots ${SNAPSHOTS}$`, "m"));

  assert.equal(await endIntake(stage.intake, "SIGTERM"), 0);
  const duck = await DuckDBInstance.create(":memory:");
  const connection = await duck.connect();
  const rows = await connection.runAndReadAll(
    `SELECT snapshot FROM '${join(stage.root, "data/flows/*/[fc]*.parquet")}' WHERE snapshot IS NOT NULL ORDER BY 1`,
  );
  assert.deepEqual(
    rows.getRows().flat(),
    Array.from({ length: SNAPSHOTS }, (_, number) => idOf(number)),
  );
  connection.closeSync();
  duck.closeSync();
});
