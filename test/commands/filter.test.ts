import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createSnapshotDecoder } from "../../src/snapshot/decode.ts";
import { createFlow, createSnapshot } from "../view/fixtures/snapshots.ts";
import { Tmux } from "../view/fixtures/tmux.ts";
import { type Echo, ended, NPMON, npmon, startEcho, startNpmon, tracing } from "./npmon.ts";

const folder = mkdtempSync(join(tmpdir(), "npmon-filter-"));
const decode = createSnapshotDecoder();
let one: Echo;
let other: Echo;
before(async () => {
  one = await startEcho();
  other = await startEcho();
});
after(async () => {
  await one.close();
  await other.close();
  rmSync(folder, { recursive: true });
});

const saved = join(folder, "saved.json");
const endOf = (service: string, pid: number) => ({ service, pid });
writeFileSync(
  saved,
  `${JSON.stringify(
    createSnapshot({
      group_by: ["source.service", "source.pid", "destination.service"],
      flows: [
        createFlow({
          source: endOf("web", 1),
          destination: { service: "db" },
          retransmits: 5,
          bytes_sent: 9,
        }),
        createFlow({
          source: endOf("web", 2),
          destination: { service: "cache" },
          retransmits: 0,
          bytes_sent: 8,
        }),
        createFlow({
          source: endOf("cron", 3),
          destination: { service: "db" },
          retransmits: 1,
          bytes_sent: 7,
        }),
      ],
    }),
  )}\n`,
);

/** What an export says of this process while it moves bytes with both servers. */
async function exported(filter: string, more: readonly string[] = []) {
  const args = ["export", "--json", "-d", "1", "-g", "source.port,destination.port", "-f", filter, ...more];
  const child = startNpmon(args);
  const result = ended(child);
  await tracing(child);
  await one.exchange(50_000);
  await other.exchange(1_000);
  const { status, stdout, stderr } = await result;
  assert.equal(status, 0, stderr);
  const snapshot = decode(stdout, "stdout");
  const ports = new Set(snapshot.flows.flatMap((flow) => [flow.source?.port, flow.destination?.port]));
  return { snapshot, hasOne: ports.has(one.port), hasOther: ports.has(other.port) };
}

test("a live filter by tags counts only what fits, from either end", async () => {
  const { snapshot, hasOne, hasOther } = await exported(`source.pid:${process.pid} port:${one.port}`);
  assert.equal(snapshot.filter, `source.pid:${process.pid} port:${one.port}`);
  assert.deepEqual([hasOne, hasOther], [true, false]);
  assert.deepEqual(
    snapshot.flows.map((flow) => flow.bytes_sent),
    [50_000, 50_000],
  );
});

test("a live filter that begins with a minus leaves out what fits, and -p is one of its terms", async () => {
  const { snapshot, hasOne, hasOther } = await exported(`-port:${one.port}`, [
    "-p",
    String(process.pid),
    "-4",
  ]);
  assert.equal(snapshot.filter, `-port:${one.port} source.pid:${process.pid} family:ipv4`);
  assert.deepEqual([hasOne, hasOther], [false, true]);
});

test("a live filter by measures gives the rows that fit", async () => {
  const { snapshot, hasOne, hasOther } = await exported(`bytes_sent:>10kB ip:127.0.0.0/8 pid:${process.pid}`);
  assert.deepEqual([hasOne, hasOther], [true, false]);
  assert.ok(snapshot.flows.every((flow) => flow.bytes_sent > 10_000));
});

const sent = (stdout: string) => decode(stdout, "stdout").flows.map((flow) => flow.bytes_sent);

test("saved snapshots are asked by tags before they are grouped, and by measures after that", async () => {
  for (const [args, expected] of [
    [
      ["-f", "service:db"],
      [9, 7],
    ],
    [["-f", "retransmits:>0 source.service:web"], [9]],
    [["-f", "-service:db"], [8]],
    [["-p", "2"], [8]],
    [["-g", "source.service", "-f", "bytes_sent:>16"], [17]],
    [["-g", "destination.service", "-f", "source.pid:(1 OR 3) bytes_sent:16"], [16]],
  ] as const) {
    const { status, stdout, stderr } = await npmon(["export", "--from", saved, ...args]);
    assert.equal(status, 0, stderr);
    assert.deepEqual(sent(stdout), expected, args.join(" "));
  }
});

test("what saved snapshots cannot answer is said before anything is printed", async () => {
  for (const args of [["-f", "pod:x"], ["-6"]]) {
    const { status, stdout, stderr } = await npmon(["export", "--from", saved, ...args]);
    assert.equal(status, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /cannot be asked for (?:pod|family)\n {2}Save with .*--group-by flow/);
  }
});

test("a filter that makes no sense is refused with its column, in JSON as a number", async () => {
  for (const args of [
    ["export", "--json"],
    ["export", "--json", "--from", saved],
  ]) {
    const { status, stdout, stderr } = await npmon([...args, "-f", "port:1 servcie:web"]);
    assert.equal(status, 2);
    assert.equal(stdout, "");
    const { error } = JSON.parse(stderr);
    assert.equal(error.column, 8);
    assert.match(error.message, /^--filter, column 8: there is no tag "servcie"; did you mean `service`\?$/);
  }
  const plain = await npmon(["export", "-f", "rtt:>10"]);
  assert.match(
    plain.stderr,
    /^npmon: --filter, column 6: found "10"; expected a time such as 150us[^\n]*\n$/,
  );
});

test("a terminal is shown the place", async () => {
  const tmux = new Tmux(100, 24);
  try {
    tmux.type(`clear; node ${NPMON} top -f 'port:1 servcie:web'; echo status $?`);
    const screen = await tmux.until("the error", (text) => /^status \d/m.test(text));
    assert.match(screen, /^ {2}port:1 servcie:web\n {9}\^\nstatus 2/m);
  } finally {
    tmux.close();
  }
});
