import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { IntakeReceipt } from "../../src/intake/contract.ts";
import { Health } from "../../src/intake/health.ts";
import { createMetrics } from "../../src/intake/metrics.ts";
import { createRefusalLog } from "../../src/intake/refusal-log.ts";
import { createIntake } from "../../src/intake/server.ts";
import { readTokens } from "../../src/intake/tokens.ts";
import { Turns } from "../../src/intake/turns.ts";
import { openStore } from "../../src/store/open.ts";
import { until } from "../commands/deadline.ts";
import { createFlow, createSnapshot } from "../view/fixtures/snapshots.ts";
import { headOf, speak } from "./speak.ts";
import { endIntake, startIntake } from "./start-intake.ts";

const newFolder = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), "npmon-intake-end-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const recent = (changes = {}) =>
  createSnapshot({
    id: randomUUID(),
    start: new Date(Date.now() - 60_000).toISOString(),
    end: new Date().toISOString(),
    ...changes,
  });

test("asked to end, an intake answers what is on its way, waits for no one who stops, and ends with 0", async (t) => {
  const args = ["--data", newFolder(t)];
  const intake = await startIntake(args);
  t.after(() => endIntake(intake, "SIGKILL"));
  const one = recent();
  const body = JSON.stringify(one);
  const slow = speak(intake.port, headOf("x", body.length) + body.slice(0, 100));
  const stopped = speak(intake.port, `${headOf("x", 1000)}{`);
  const idle = speak(intake.port, "GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
  await until("an answer to the idle one", () => idle.heard() !== "");
  const ended = endIntake(intake, "SIGTERM");
  await idle.over;
  await new Promise((resolve) => connect(intake.port, "127.0.0.1").on("error", resolve));
  slow.socket.write(body.slice(100));
  const heard = await slow.over;
  assert.match(heard, /^HTTP\/1.1 200[\s\S]*connection: close/i);
  assert.ok(heard.includes(`"accepted":["${one.id}"]`));
  assert.equal(await ended, 0);
  assert.equal(await stopped.over, "");
  const next = await startIntake(args);
  const response = await fetch(`${next.url}/v1/snapshots`, { method: "POST", body });
  assert.deepEqual(((await response.json()) as IntakeReceipt).duplicate, [one.id]);
  assert.equal(await endIntake(next, "SIGTERM"), 0);
});

test("a million different values of tags take no more memory than they may", async (t) => {
  const intake = await startIntake(["--data", newFolder(t)]);
  t.after(() => endIntake(intake, "SIGKILL"));
  let value = 0;
  const tags = (): Record<string, string> => {
    const end: Record<string, string> = { service: "web" };
    for (let tag = 0; tag < 50; tag++) end[`t${tag}`] = `v${value++}`;
    return end;
  };
  while (value < 1_000_000) {
    const flows = Array.from({ length: 1000 }, () => createFlow({ source: tags(), destination: tags() }));
    const response = await fetch(`${intake.url}/v1/snapshots`, {
      method: "POST",
      headers: { "content-encoding": "gzip" },
      body: gzipSync(JSON.stringify(recent({ flows })), { level: 1 }),
    });
    assert.equal(((await response.json()) as IntakeReceipt).accepted.length, 1);
  }
  const search = `since_ms=${Date.now() - 3_600_000}&until_ms=${Date.now()}&group_by=source.t7`;
  const asked = await fetch(`${intake.url}/v1/query?${search}`);
  assert.ok(asked.status === 200 || asked.status === 422);
  const plain = await fetch(`${intake.url}/v1/query?${search.replace("source.t7", "service")}`);
  assert.equal(((await plain.json()) as { windows: { flows: unknown[] }[] }).windows[0]?.flows.length, 1);
  const status = readFileSync(`/proc/${intake.child.pid}/status`, "utf8");
  const peak = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
  t.diagnostic(`${value} values, at most ${Math.round(peak)} MiB resident`);
  assert.ok(peak < 1536, `${peak} MiB`);
});

/** One in this process, with little patience. */
async function openImpatient(t: TestContext) {
  const said: string[] = [];
  const store = await openStore({ folder: newFolder(t), retentionMs: 86_400_000 });
  const tokens = readTokens("secret", null);
  const server = createIntake({
    store,
    tokens: () => tokens,
    names: { isTag: () => true } as never,
    maxRequestBytes: 1024 * 1024,
    tls: null,
    metrics: createMetrics(store),
    health: new Health(Date.now),
    refusals: createRefusalLog(
      (text) => said.push(text),
      () => performance.now(),
    ),
    patience: { headMs: 200, wholeMs: 400 },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await store.close();
  });
  const address = server.address();
  return { said, port: typeof address === "object" && address !== null ? address.port : 0 };
}

test("who sends a head or a body a letter at a time is hung up on, and it is said", async (t) => {
  const { said, port } = await openImpatient(t);
  for (const begin of [
    "GET /health HTTP/1.1\r\nx: ",
    `${headOf("secret", 1000)}{`,
    headOf("secret", "chunked"),
  ]) {
    const slow = speak(port, begin);
    const drip = setInterval(() => slow.socket.write(begin.includes("chunked") ? "1\r\nx\r\n" : "x"), 50);
    assert.match(await slow.over, /^HTTP\/1.1 408/);
    clearInterval(drip);
  }
  assert.match(said.join("\n"), /127\.0\.0\.1: refused 408: Request timeout/);
});

test("a flood of refusals is a few lines and a sum", () => {
  let now = 0;
  const said: string[] = [];
  const log = createRefusalLog(
    (text) => said.push(text),
    () => now,
  );
  for (let round = 0; round < 10_000; round++)
    log.note(`10.0.${round % 50}.1`, "refused 401", "x".repeat(5000));
  assert.equal(said.length, 20);
  assert.ok(said.every((line) => line.length < 400));
  now = 60_000;
  log.roll();
  log.roll();
  assert.equal(said.at(-1), "more of the same in the last minute: refused 401 (9980)");
  log.note("10.0.0.1", "refused 403", "again");
  assert.equal(said.at(-1), "10.0.0.1: refused 403: again");
  assert.equal(said.length, 22);
});

test("work goes by turns of who wants it, and too much waiting is refused", async () => {
  const turns = new Turns(1, 12);
  const order: string[] = [];
  let open = (): void => {};
  const first = turns.run("greedy", () => new Promise<void>((resolve) => (open = resolve)));
  const later = [..."aaaaaaaaaa", "b", "c"].map((sender, index) =>
    turns.run(sender, async () => {
      order.push(`${sender}${index}`);
      if (index === 3) throw new Error("it fails, and the others go on");
    }),
  );
  await assert.rejects(
    turns.run("d", async () => {}),
    { status: 503, retryAfterS: 1 },
  );
  open();
  const results = await Promise.allSettled([first, ...later]);
  assert.equal(results.filter(({ status }) => status === "rejected").length, 1);
  assert.deepEqual(order.slice(0, 4), ["a0", "b10", "c11", "a1"]);
  assert.equal(order.length, 12);
});
