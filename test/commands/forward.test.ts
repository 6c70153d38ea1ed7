import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createSnapshotDecoder } from "../../src/snapshot/decode.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { openIntake } from "../sink/intake.ts";
import { until } from "./deadline.ts";
import { ended, npmon, startEcho, startNpmon, tracing } from "./npmon.ts";

const root = mkdtempSync(join(tmpdir(), "npmon-forward-"));
after(() => rmSync(root, { recursive: true, force: true }));

/** Bytes sent to a port by this process, over all snapshots. */
function sentTo(port: number, snapshots: readonly Snapshot[]): number {
  let sum = 0;
  for (const { flows } of snapshots) {
    for (const { direction, destination, bytes_sent } of flows) {
      if (direction === "outgoing" && destination?.port === port) sum += bytes_sent;
    }
  }
  return sum;
}

test("every byte of an interval arrives at the intake, the last ones at SIGTERM", async () => {
  const intake = await openIntake();
  const spool = join(root, "spool");
  const child = startNpmon(["forward", "--to", intake.url, "--spool-dir", spool, "-d", "300ms"]);
  const end = ended(child);
  await tracing(child);
  await until("a first snapshot", () => intake.kept.size > 0);
  const first = await startEcho();
  await first.exchange(1000);
  await first.close();
  const count = intake.kept.size;
  await until("two more snapshots", () => intake.kept.size > count + 1);
  const last = await startEcho();
  await last.exchange(2000);
  child.kill("SIGTERM");
  const { status, stdout } = await end;
  await last.close();
  await intake.close();
  assert.deepEqual([status, stdout], [0, ""]);
  const decode = createSnapshotDecoder();
  const snapshots = [...intake.kept.values()].map((text) => decode(text, "the intake"));
  assert.deepEqual([sentTo(first.port, snapshots), sentTo(last.port, snapshots)], [1000, 2000]);
  assert.ok(
    snapshots.every(({ group_by, delivery }) => group_by.join() === "rollup" && delivery?.dropped === 0),
  );
  assert.deepEqual(
    readdirSync(spool).filter((name) => name.endsWith(".gz")),
    [],
  );
  const written = JSON.parse(readFileSync(join(spool, "status.json"), "utf8"));
  assert.deepEqual([written.health, written.destinations[0].delivered], ["ok", snapshots.length]);
});

test("what an absent intake did not get at SIGTERM waits, and the next process brings it", async () => {
  const spool = join(root, "waiting");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const away = await npmon(["forward", "--to", url, "--spool-dir", spool, "-d", "100ms", "-c", "3"]);
  assert.equal(away.status, 0);
  assert.match(away.stderr, /ECONNREFUSED.*snapshots? waits?, it is tried again/);
  assert.equal(readdirSync(spool).filter((name) => name.endsWith(".gz")).length, 3);
  const intake = await openIntake(undefined, null, port);
  const back = await npmon(["forward", "--to", url, "--spool-dir", spool, "-d", "100ms", "-c", "1"]);
  await intake.close();
  assert.equal(back.status, 0);
  assert.match(back.stderr, /3 snapshots wait in .* from before/);
  assert.equal(intake.kept.size, 4);
});

test("health says what is wrong and stays 200, so that nobody restarts it for that", async () => {
  const port = await freePort();
  const health = `127.0.0.1:${await freePort()}`;
  const args = ["--to", `http://127.0.0.1:${port}`, "--spool-dir", join(root, "health"), "-d", "100ms"];
  const child = startNpmon(["forward", ...args, "--health", health]);
  const end = ended(child);
  await tracing(child);
  let body = "";
  for (; !body.includes("ECONNREFUSED"); body = await fetchText(`http://${health}/health`, 200));
  assert.equal(JSON.parse(body).status, "degraded");
  await fetchText(`http://${health}/`, 404);
  child.kill("SIGTERM");
  assert.equal((await end).status, 0);
});

test("standard output is a destination, and a reader that goes ends it quietly", async () => {
  const child = startNpmon([
    "forward",
    "--to",
    "-",
    "--spool-dir",
    join(root, "out"),
    "-d",
    "100ms",
    "--quiet",
  ]);
  child.stdout?.once("data", () => child.stdout?.destroy());
  const { status, stderr } = await ended(child);
  assert.deepEqual([status, stderr], [0, ""]);
});

for (const [args, says] of [
  [[], /forwarding is not enabled in/],
  [["--to", "ftp://x"], /--to/],
  [["--to", "http://a:1", "--header", "X"], /--header: expected 'Name: value'/],
  [["--to", "http://a:1", "--spool-dir", "/dev/null/npmon"], /cannot use \/dev\/null/],
] as const) {
  test(`\`npmon forward ${args.join(" ")}\` says what is wrong`, async () => {
    const { status, stderr } = await npmon(["forward", ...args]);
    assert.notEqual(status, 0);
    assert.match(stderr, says);
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

function fetchText(url: string, status: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () =>
        response.statusCode === status ? resolve(text) : reject(new Error(`${response.statusCode} ${text}`)),
      );
    }).on("error", reject);
  });
}
