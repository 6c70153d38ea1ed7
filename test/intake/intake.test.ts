import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { IntakeReceipt } from "../../src/intake/contract.ts";
import { npmon } from "../commands/npmon.ts";
import { createFlow, createSnapshot } from "../view/fixtures/snapshots.ts";
import { endIntake, startIntake } from "./start-intake.ts";

const TOKEN = "correct-horse";

const post = (url: string, body: Buffer, headers: Record<string, string> = {}) =>
  fetch(`${url}/v1/snapshots`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-encoding": "gzip", ...headers },
    body,
  });

function recent(bytes: number) {
  const start = new Date(Date.now() - 600_000).toISOString();
  const flows = [createFlow({ bytes_sent: bytes, bytes_received: 0 })];
  return createSnapshot({ id: randomUUID(), start, end: new Date().toISOString(), flows });
}

async function askBytes(url: string): Promise<number> {
  const window = `since_ms=${Date.now() - 3_600_000}&until_ms=${Date.now()}`;
  const response = await fetch(`${url}/v1/query?${window}`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  const { windows } = (await response.json()) as { windows: { flows: { bytes_sent: number }[] }[] };
  return (windows[0]?.flows ?? []).reduce((sum, flow) => sum + flow.bytes_sent, 0);
}

const PATIENCE_MS = 5_000;

test("what an intake acknowledged is there once after it was killed again and again", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "npmon-intake-"));
  const tokens = join(folder, "tokens");
  writeFileSync(tokens, `${TOKEN}\nother-host its-token\n`);
  const args = ["--data", join(folder, "data"), "--token-file", tokens];
  let running = await startIntake(args);
  t.after(async () => {
    await endIntake(running, "SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  let sum = 0;
  for (let round = 0; round < 3; round++) {
    const sent = Array.from({ length: 40 }, (_, index) => recent(index + 1));
    const delivered = new Set<string>();
    const deliver = async (snapshot: (typeof sent)[number]) => {
      const response = await post(running.url, gzipSync(JSON.stringify(snapshot)));
      const { accepted, duplicate } = (await response.json()) as IntakeReceipt;
      for (const id of [...accepted, ...duplicate]) delivered.add(id);
    };
    const sending = Promise.allSettled(sent.map(deliver));
    const asking = askBytes(running.url).catch(() => 0);
    const { child } = running;
    setTimeout(() => child.kill("SIGKILL"), round * 40);
    // an answer that was cut off may never be told to who waits for it
    const enough = new AbortController();
    const patience = delay(PATIENCE_MS, undefined, { signal: enough.signal }).catch(() => {});
    await Promise.race([Promise.all([sending, asking]), patience]);
    enough.abort();
    await endIntake(running, "SIGKILL");
    running = await startIntake(args);
    const already = new Set(delivered);
    for (const snapshot of sent) {
      if (already.has(snapshot.id)) {
        const response = await post(running.url, gzipSync(JSON.stringify(snapshot)));
        assert.deepEqual(((await response.json()) as IntakeReceipt).duplicate, [snapshot.id]);
      } else await deliver(snapshot);
      sum += snapshot.flows[0]?.bytes_sent ?? 0;
    }
    assert.equal(await askBytes(running.url), sum);
  }
  const good = recent(1);
  const lines = [JSON.stringify(good), JSON.stringify({ ...recent(1), flows: 3 }), `${"[".repeat(1e5)}`, "{"];
  const response = await post(running.url, gzipSync(lines.join("\n")));
  const receipt = (await response.json()) as IntakeReceipt;
  assert.deepEqual(receipt.accepted, [good.id]);
  assert.deepEqual(
    receipt.rejected.map(({ line }) => line),
    [2, 3, 4],
  );
  assert.match(receipt.rejected[0]?.message ?? "", /flows must be array/);
  const cases: readonly (readonly [number, Buffer, Record<string, string>])[] = [
    [401, gzipSync("x"), { authorization: "" }],
    [403, gzipSync("x"), { authorization: "Bearer wrong" }],
    [413, gzipSync(Buffer.alloc(300 * 1024 * 1024)), {}],
    [400, Buffer.from("not gzip"), {}],
    [400, gzipSync("nothing of ours"), {}],
    [415, Buffer.from("x"), { "content-encoding": "br" }],
  ];
  for (const [status, body, headers] of cases) {
    assert.equal((await post(running.url, body, headers)).status, status, JSON.stringify(headers));
  }
  const others = await post(running.url, gzipSync(JSON.stringify(recent(1))), {
    authorization: "Bearer its-token",
  });
  assert.match(((await others.json()) as IntakeReceipt).rejected[0]?.message ?? "", /another host/);
  const metrics = await fetch(`${running.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
  assert.match(await metrics.text(), /npmon_intake_received_total\{outcome="accepted"\}/);
  assert.equal((await fetch(`${running.url}/health`)).status, 200);
  const second = await npmon(["intake", "--listen", "127.0.0.1:0", ...args]);
  assert.match(second.stderr, /another intake has it/);
});

test("an intake without a token listens to nobody but its own host", async () => {
  const { status, stderr } = await npmon(["intake", "--listen", "0.0.0.0:0", "--data", "/nonexistent/data"]);
  assert.equal(status, 1);
  assert.match(stderr, /without a token/);
});
