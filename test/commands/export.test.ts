import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createSnapshotDecoder } from "../../src/snapshot/decode.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { type Echo, ended, npmon, startEcho, startNpmon, tracing } from "./npmon.ts";

const folder = mkdtempSync(join(tmpdir(), "npmon-export-"));
const decode = createSnapshotDecoder();
let echo: Echo;
before(async () => {
  echo = await startEcho();
});
after(async () => {
  await echo.close();
  rmSync(folder, { recursive: true });
});

/** Runs an export while `bytes` go to the echo server and back. */
async function exportWhile(bytes: number, args: readonly string[]) {
  const child = startNpmon(["export", "-d", "1", ...args]);
  const result = ended(child);
  await tracing(child);
  await echo.exchange(bytes);
  return await result;
}

for (const groupBy of [
  "service",
  "flow",
  "client.process,server.port",
  "source.pid,destination.ip,protocol",
  "unit,user,netns",
]) {
  test(`what is exported by ${groupBy} is what the published schema says`, async () => {
    const { status, stdout, stderr } = await exportWhile(10_000, ["--json", "-g", groupBy]);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^npmon: tracing [^\n]*\n$/);
    const snapshot = decode(stdout, "stdout");
    assert.ok(snapshot.flows.length > 0);
    assert.ok(Math.abs(snapshot.interval_ms - 1000) < 500);
    assert.equal(Date.parse(snapshot.end) > Date.parse(snapshot.start), true);
  });
}

test("an ungrouped row has every tag, and the bytes this process moved", async () => {
  const { stdout } = await exportWhile(123_456, ["--json", "-g", "flow", "-p", String(process.pid)]);
  const snapshot = decode(stdout, "stdout");
  assert.equal(snapshot.filter, `source.pid:${process.pid}`);
  const client = snapshot.flows.find((flow) => flow.destination?.port === echo.port);
  const server = snapshot.flows.find((flow) => flow.source?.port === echo.port);
  for (const row of [client, server]) {
    assert.deepEqual([row?.bytes_sent, row?.bytes_received], [123_456, 123_456]);
    assert.deepEqual([row?.source?.pid, row?.destination?.pid], [process.pid, process.pid]);
    assert.deepEqual([row?.protocol, row?.family], ["tcp", "ipv4"]);
    assert.deepEqual([row?.source?.exe, row?.destination?.exe], [process.execPath, process.execPath]);
    assert.ok((row?.rtt_us ?? 0) > 0);
  }
  assert.equal(client?.direction, "outgoing", "it existed before npmon");
  assert.equal(server?.direction, "incoming");
  assert.equal(client?.connections.opened, 0);
});

test("the same snapshot comes as JSON, rows, CSV and table, with the same numbers", async () => {
  const saved = join(folder, "saved.json");
  const { stdout } = await exportWhile(50_000, ["--json", "-o", saved, "-g", "source.pid,destination.port"]);
  assert.equal(stdout, "");
  const snapshot = JSON.parse(readFileSync(saved, "utf8")) as Snapshot;
  const row = snapshot.flows.find((flow) => flow.destination?.port === echo.port);
  assert.equal(row?.bytes_sent, 50_000);

  const json = await npmon(["export", "--from", saved]);
  assert.equal(json.stdout, readFileSync(saved, "utf8"));

  const ndjson = await npmon(["export", "--ndjson", "--from", saved]);
  const rows = ndjson.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(rows.length, snapshot.flows.length);
  assert.deepEqual(
    rows.map((each) => each.bytes_sent),
    snapshot.flows.map((flow) => flow.bytes_sent),
  );

  const csv = await npmon(["export", "--csv", "--from", saved]);
  const [names = "", ...lines] = csv.stdout.trimEnd().split("\r\n");
  const column = names.split(",").indexOf("bytes_sent");
  assert.deepEqual(
    lines.map((line) => Number(line.split(",")[column])),
    snapshot.flows.map((flow) => flow.bytes_sent),
  );

  const table = await npmon(["export", "--table", "-u", "bytes", "--from", saved]);
  assert.match(table.stdout, new RegExp(`${process.pid} +${echo.port} .*50000`));
});

test("saved snapshots can be grouped by fewer tags, and by no others", async () => {
  const saved = join(folder, "flows.json");
  await exportWhile(70_000, ["-g", "flow", "-o", saved]);
  const byPid = decode((await npmon(["export", "-g", "source.pid", "--from", saved])).stdout, "stdout");
  const flows = decode(readFileSync(saved, "utf8"), saved).flows.filter(
    (flow) => flow.source?.pid === process.pid,
  );
  assert.ok(flows.length >= 2);
  const row = byPid.flows.find((flow) => flow.source?.pid === process.pid);
  assert.equal(
    row?.bytes_sent,
    flows.reduce((sum, flow) => sum + flow.bytes_sent, 0),
  );
  const once = decode(
    (await npmon(["export", "-g", "client.pid,server.pid", "--from", saved])).stdout,
    "stdout",
  );
  const conversation = once.flows.find((flow) => flow.client?.pid === process.pid);
  assert.equal(conversation?.bytes_sent, 70_000, "counted once, as the client saw it");

  const coarse = join(folder, "coarse.json");
  await npmon(["export", "-g", "service", "-d", "0.1", "-o", coarse]);
  const refused = await npmon(["export", "-g", "process", "--from", coarse]);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /cannot be grouped by source\.process, destination\.process/);
});

test("snapshots before a damaged line are given before the error names that line", async () => {
  const saved = join(folder, "several.json");
  await npmon(["export", "-d", "0.1", "-c", "3", "-o", saved]);
  const text = readFileSync(saved, "utf8");
  const cut = await npmon(["export", "--from", "-"]);
  assert.equal(cut.status, 1, "nothing on standard input is an empty file");

  const child = startNpmon(["export", "--from", "-"], { stdio: ["pipe", "pipe", "pipe"] });
  const result = ended(child);
  child.stdin?.end(text.slice(0, -20));
  const { status, stdout, stderr } = await result;
  assert.equal(stdout, text.split("\n").slice(0, 2).join("\n").concat("\n"));
  assert.equal(status, 1);
  assert.match(stderr, /- line 3: the snapshot is cut off/);
});

test("-s and -r choose rows in every format", async () => {
  const saved = join(folder, "chosen.json");
  await exportWhile(1000, ["-g", "flow", "-o", saved]);
  const all = decode(readFileSync(saved, "utf8"), saved).flows.map((flow) => Number(flow.source?.port));
  const { stdout } = await npmon(["export", "-s", "source.port", "-r", "1", "--from", saved]);
  assert.deepEqual(
    decode(stdout, "stdout").flows.map((flow) => flow.source?.port),
    [Math.min(...all)],
  );
});

test("an interrupted export prints what it has so far and leaves no temporary file", async () => {
  const saved = join(folder, "interrupted.json");
  const child = startNpmon(["export", "-d", "1h", "-g", "source.pid,destination.port", "-o", saved]);
  const result = ended(child);
  await tracing(child);
  await echo.exchange(4242);
  child.kill("SIGINT");
  assert.equal((await result).status, 0);
  const snapshot = decode(readFileSync(saved, "utf8"), saved);
  assert.equal(snapshot.flows.find((flow) => flow.destination?.port === echo.port)?.bytes_sent, 4242);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith(".tmp")),
    [],
  );
});
