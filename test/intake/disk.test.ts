import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { IntakeReceipt, IntakeRefusal } from "../../src/intake/contract.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { NPMON } from "../commands/npmon.ts";
import { createSnapshot } from "../view/fixtures/snapshots.ts";
import { endIntake, listening, type RunningIntake } from "./start-intake.ts";

/** An intake on a small disk of its own, which nobody outside its mount namespace has. */
function startOnDisk(disk: string, mib: number): Promise<RunningIntake> {
  const script = `mount -t tmpfs -o size=${mib}m tmpfs "$0" && exec "$@"`;
  const command = [
    process.execPath,
    NPMON,
    "intake",
    "--listen",
    "127.0.0.1:0",
    "--data",
    join(disk, "data"),
  ];
  return listening(
    spawn("unshare", ["-m", "sh", "-c", script, disk, ...command], { stdio: ["ignore", "pipe", "pipe"] }),
  );
}

const post = (url: string, body: string): Promise<Response> =>
  fetch(`${url}/v1/snapshots`, { method: "POST", body });

test("on a full disk an intake takes nothing, loses nothing, says so, and goes on when there is room", async (t) => {
  const disk = mkdtempSync(join(tmpdir(), "npmon-disk-"));
  mkdirSync(join(disk, "data"));
  const intake = await startOnDisk(disk, 24);
  t.after(async () => {
    await endIntake(intake, "SIGKILL");
    rmSync(disk, { recursive: true, force: true });
  });
  const window = () => `since_ms=${Date.now() - 3_600_000}&until_ms=${Date.now() + 1000}`;
  const health = async () => JSON.stringify(await (await fetch(`${intake.url}/health`)).json());
  const acknowledged = new Set<string>();
  const make = (count: number): readonly Snapshot[] =>
    Array.from({ length: count }, () =>
      createSnapshot({
        id: randomUUID(),
        host: "h".repeat(1000),
        start: new Date(Date.now() - 60_000).toISOString(),
        end: new Date().toISOString(),
      }),
    );
  /** Of a refused request some may have been kept: they are sent again, as a forwarder does. */
  const unsure: Snapshot[] = [];
  const send = async (sent: readonly Snapshot[]): Promise<IntakeRefusal["error"] | null> => {
    const response = await post(intake.url, sent.map((one) => JSON.stringify(one)).join("\n"));
    if (response.status === 200) {
      const { accepted, duplicate } = (await response.json()) as IntakeReceipt;
      for (const id of [...accepted, ...duplicate]) acknowledged.add(id);
      return null;
    }
    unsure.push(...sent);
    assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "5"]);
    return ((await response.json()) as IntakeRefusal).error;
  };
  assert.equal(await send(make(5)), null);
  assert.match(await health(), /"ok"/);

  // seen from outside, through the process that has it
  const filler = `/proc/${intake.child.pid}/root${disk}/filler`;
  const fd = openSync(filler, "w");
  assert.throws(() => {
    for (;;) writeSync(fd, Buffer.alloc(1024 * 1024));
  }, /ENOSPC/);
  assert.throws(() => {
    for (;;) writeSync(fd, Buffer.alloc(4096));
  }, /ENOSPC/);
  const refusals = [];
  for (let round = 0; round < 5; round++) refusals.push(await send(make(50)));
  const refused = refusals.find((refusal) => refusal !== null) ?? assert.fail("nothing was refused");
  assert.match(refused.message, /cannot write .*: ENOSPC: no space left on device/);
  assert.match(refused.remedy, /disk must have room/);
  assert.match(await health(), /degraded.*cannot keep snapshots since .*: no space left on the disk/);
  const kept = acknowledged.size;
  const asked = await fetch(`${intake.url}/v1/query?${window()}&group_by=source.host`);
  t.diagnostic(
    `full: ${kept} acknowledged, a question is answered with ${asked.status}: ${(await asked.text()).slice(0, 200)}`,
  );

  closeSync(fd);
  unlinkSync(filler);
  assert.equal(await send(unsure), null);
  assert.equal(acknowledged.size, kept + unsure.length);
  assert.match(await health(), /"ok"/);
  const { windows } = (await (await fetch(`${intake.url}/v1/query?${window()}`)).json()) as {
    windows: { flows: { packets_sent: number }[] }[];
  };
  const packets = windows[0]?.flows.reduce((sum, flow) => sum + flow.packets_sent, 0);
  assert.equal(packets, 900 * acknowledged.size);
  assert.match(intake.said(), /refused 503: POST \/v1\/snapshots: cannot write/);
  assert.equal(await endIntake(intake, "SIGTERM"), 0);
});
