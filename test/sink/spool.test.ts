import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { createServer as createSocketServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { createFileSend } from "../../src/sink/deliver/file.ts";
import { createHttpSend } from "../../src/sink/deliver/http.ts";
import { type Forwarder, type ForwarderOptions, openForwarder } from "../../src/sink/forwarder.ts";
import { createLog } from "../../src/sink/log.ts";
import { openLock } from "../../src/sink/spool/lock.ts";
import { until } from "../commands/deadline.ts";
import { openIntake } from "./intake.ts";
import { idOf } from "./snapshot-id.ts";

const root = mkdtempSync(join(tmpdir(), "npmon-spool-"));
const forwarders: Forwarder[] = [];
after(async () => {
  await Promise.all(forwarders.map((forwarder) => forwarder.finish(0)));
  rmSync(root, { recursive: true, force: true });
});
let folders = 0;
const newFolder = (): string => join(root, `spool-${folders++}`);

const http = (url: string) => ({
  url,
  send: createHttpSend(
    { url, token: "secret", tokenFile: null, caFile: null, headers: {} },
    { idleMs: 300, totalMs: 2000, maxBytes: 2 ** 20 },
  ),
});

/** Nobody listens there. */
const AWAY = [http("http://127.0.0.1:1")];

async function open(options: Partial<ForwarderOptions> & Pick<ForwarderOptions, "destinations">) {
  const said: string[] = [];
  const folder = options.folder ?? newFolder();
  const forwarder = await openForwarder({
    folder,
    maxBytes: 2 ** 30,
    maxAgeMs: 2 ** 40,
    intervalMs: 1000,
    patience: { firstMs: 2, maxMs: 20, slowMs: 20, longMs: 250 },
    say: (level, text) => said.push(`${level} ${text}`),
    ...options,
  });
  forwarders.push(forwarder);
  return { forwarder, folder, said };
}

const line = (number: number): [id: string, line: string] => [
  idOf(number),
  `${JSON.stringify({ id: idOf(number), bytes: number })}\n`,
];
const waiting = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".gz"))
    .sort();

test("what has waited too long goes first, is counted, and told by the next snapshot", async () => {
  let now = 0;
  const clock = { wallMs: () => Date.now(), monotonicMs: () => now };
  const folder = newFolder();
  const first = await open({ folder, maxAgeMs: 10_000, clock, destinations: AWAY });
  for (let number = 0; number < 10; number++) {
    await first.forwarder.spooled(...line(number));
    now += 1000;
  }
  assert.equal(first.forwarder.status.spool.dropped, 0);
  now += 3500;
  await first.forwarder.spooled(...line(10));
  assert.equal(first.forwarder.status.spool.dropped, 4);
  assert.deepEqual(first.forwarder.takeDelivery(), { dropped: 4, refused: 0, waiting: 7 });
  await until("a word", () =>
    first.said.some((text) => text.includes("4 snapshots are lost, the oldest: it waited")),
  );
  await first.forwarder.finish(10);
  assert.deepEqual(
    waiting(folder).map((name) => name.slice(-39, -3)),
    [4, 5, 6, 7, 8, 9, 10].map(idOf),
  );
  // time in which nothing ran is not waited time; a process that starts with another clock goes on where it was
  now = 500_000;
  const second = await open({ folder, maxAgeMs: 10_000, clock, destinations: AWAY });
  assert.equal(second.forwarder.status.spool.snapshots, 7);
  now += 9_000;
  await second.forwarder.spooled(...line(11));
  assert.equal(second.forwarder.status.spool.dropped, 6);
  await second.forwarder.finish(10);
});

test("a clock that is set by years, either way, drops nothing, delays nothing and reorders nothing", async () => {
  let shiftMs = 0;
  const clock = { wallMs: () => Date.now() + shiftMs, monotonicMs: () => performance.now() };
  const order: string[] = [];
  let isAway = true;
  const intake = await openIntake((_request, response, lines) => {
    if (isAway) response.writeHead(503, { "retry-after": "0" }).end();
    else order.push(...lines.map((text) => (JSON.parse(text) as { id: string }).id));
    return isAway ? "done" : null;
  });
  const { forwarder, folder } = await open({ maxAgeMs: 60_000, clock, destinations: [http(intake.url)] });
  for (const years of [0, 30, -20, 0, 7]) {
    shiftMs = years * 365 * 86_400_000;
    for (let each = 0; each < 5; each++) await forwarder.spooled(...line(forwarder.status.snapshots.made));
    assert.equal(
      new Date(forwarder.status.written ?? "").getFullYear(),
      new Date(clock.wallMs()).getFullYear(),
    );
  }
  isAway = false;
  await until("all of them", () => intake.kept.size === 25);
  await forwarder.finish(1000);
  await intake.close();
  assert.deepEqual(
    order,
    Array.from({ length: 25 }, (_, number) => idOf(number)),
  );
  assert.deepEqual([forwarder.status.spool.dropped, waiting(folder).length], [0, 0]);
});

for (const kind of ["an intake", "a file"] as const) {
  test(`damaged files of the spool are set aside and said, and ${kind} gets the rest`, async () => {
    const folder = newFolder();
    const before = await open({ folder, destinations: AWAY });
    for (let number = 0; number < 8; number++) await before.forwarder.spooled(...line(number));
    await before.forwarder.finish(10);
    const paths = waiting(folder).map((name) => join(folder, name));
    const [, cut = "", hollow = "", garbage = "", trailing = "", two = "", place = ""] = paths;
    truncateSync(cut, 40);
    truncateSync(hollow, 0);
    writeFileSync(garbage, Buffer.alloc(80, 7));
    writeFileSync(trailing, Buffer.concat([readFileSync(trailing), Buffer.alloc(30)]));
    writeFileSync(two, gzipSync("a\nb\n"));
    rmSync(place);
    mkdirSync(place);
    writeFileSync(join(folder, "somebody.tmp"), "is left alone");
    writeFileSync(`${paths[0]}.tmp`, "half of it");

    const intake = await openIntake();
    const path = join(root, `rest-${folders}`);
    const destination =
      kind === "a file" ? { url: `file:${path}`, send: createFileSend(path) } : http(intake.url);
    const { forwarder, said } = await open({ folder, destinations: [destination] });
    await forwarder.spooled(...line(8));
    await until("an empty spool", () => forwarder.status.spool.snapshots === 0);
    await forwarder.finish(1000);
    await intake.close();
    const lines =
      kind === "a file" ? readFileSync(path, "utf8").trim().split("\n") : [...intake.kept.values()];
    assert.deepEqual(
      lines.map((text) => (JSON.parse(text) as { bytes: number }).bytes),
      [0, 7, 8],
    );
    assert.equal(forwarder.status.spool.dropped, 5);
    assert.match(said.join("\n"), /lost: its file in the spool is damaged, and set aside in refused\//);
    assert.equal(waiting(join(folder, "refused")).length, 5);
    assert.ok(existsSync(join(folder, "somebody.tmp")));
    assert.ok(!existsSync(`${paths[0]}.tmp`));
  });
}

test("a file that vanishes is a loss that is said, one that cannot be removed is none", async () => {
  let isFirst = true;
  const folder = newFolder();
  const intake = await openIntake(() => {
    if (!isFirst) return null;
    isFirst = false;
    const [name = ""] = waiting(folder);
    rmSync(join(folder, name));
    // as where the disk has become read-only: it cannot be removed any more
    mkdirSync(join(folder, name));
    return null;
  });
  const { forwarder, said } = await open({ folder, destinations: [http(intake.url)] });
  await forwarder.spooled(...line(0));
  await until("the first", () => intake.kept.size === 1);
  await forwarder.spooled(...line(1));
  await until("the second", () => intake.kept.size === 2);
  await forwarder.finish(1000);
  assert.equal(forwarder.status.spool.dropped, 0);
  await intake.close();
  const away = await open({ destinations: AWAY });
  await until("trouble", async () => {
    await away.forwarder.spooled(...line(2));
    for (const name of waiting(away.folder)) rmSync(join(away.folder, name));
    return true;
  });
  await until("a word", () =>
    away.said.some((text) => text.includes("its file in the spool cannot be read")),
  );
  await away.forwarder.finish(10);
  assert.equal(said.filter((text) => text.includes("lost")).length, 0);
});

test("of many that want a folder at once, with the socket of a dead one in it, never two get it", async (t) => {
  const folder = newFolder();
  mkdirSync(folder);
  let taken = 0;
  for (let round = 0; round < 10; round++) {
    const script = `require("net").createServer().listen(${JSON.stringify(join(folder, `lock-000000000000000${round}.sock`))}, () => process.kill(process.pid, "SIGKILL"))`;
    assert.throws(() => execFileSync(process.execPath, ["-e", script]));
    const locks = await Promise.allSettled(Array.from({ length: 2 + (round % 3) }, () => openLock(folder)));
    const held = locks.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    assert.ok(held.length <= 1);
    taken += held.length;
    for (const result of locks) {
      if (result.status === "rejected")
        assert.match(String(result.reason), /belongs to another npmon forward/);
    }
    for (const lock of held) lock?.release();
  }
  t.diagnostic(`10 rounds, somebody got it in ${taken}`);
  assert.ok(taken > 0);
  assert.deepEqual(readdirSync(folder), []);
});

test("a destination that never answers more than four at once gets all of them", async () => {
  const intake = await openIntake((_request, _response, lines) => (lines.length > 4 ? "done" : null));
  const folder = newFolder();
  const before = await open({ folder, destinations: AWAY });
  for (let number = 0; number < 30; number++) await before.forwarder.spooled(...line(number));
  await before.forwarder.finish(10);
  const { forwarder } = await open({ folder, destinations: [http(intake.url)] });
  await until("all of them", () => intake.kept.size === 30);
  await forwarder.finish(500);
  await intake.close();
});

test("an intake that does not read is given up on, and gets everything when it reads again", async () => {
  let isDeaf = true;
  const sockets = new Set<import("node:net").Socket>();
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    response.end(JSON.stringify({ accepted: [idOf(1)], duplicate: [], rejected: [] }));
  });
  const gate = createSocketServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    if (isDeaf) socket.pause();
    else server.emit("connection", socket);
  });
  await new Promise<void>((resolve) => gate.listen(0, "127.0.0.1", resolve));
  const address = gate.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  const { forwarder, said } = await open({ destinations: [http(url)] });
  const noise = Array.from({ length: 3e6 }, () => String.fromCharCode(48 + Math.random() * 60))
    .join("")
    .replaceAll("\\", "/");
  await forwarder.spooled(idOf(1), `${JSON.stringify({ id: idOf(1), noise })}\n`);
  await until("a word", () => said.some((text) => text.includes("nothing moved for 0.3 s")));
  isDeaf = false;
  await until("the snapshot", () => forwarder.status.destinations[0]?.delivered === 1);
  await forwarder.finish(500);
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => gate.close(resolve));
});

for (const [what, status, headers, minutes] of [
  ["seconds", 429, { "retry-after": "600" }, 10],
  ["a date", 503, { "retry-after": new Date(Date.now() + 600_000).toUTCString() }, 10],
  [
    "a date by a clock that is set wrong",
    503,
    { date: "Thu, 01 Jan 2015 00:00:00 GMT", "retry-after": "Thu, 01 Jan 2015 00:10:00 GMT" },
    10,
  ],
  ["a year", 503, { "retry-after": "31536000" }, 60],
] as const) {
  test(`Retry-After with ${what} is waited for, an hour at most`, async () => {
    const intake = await openIntake((_request, response) => {
      response.writeHead(status, headers).end();
      return "done";
    });
    const { forwarder, said } = await open({ destinations: [http(intake.url)] });
    await forwarder.spooled(...line(1));
    const next = await until("a refusal", () => forwarder.status.destinations[0]?.next_attempt);
    const waits = Math.round((Date.parse(next) - Date.now()) / 60_000);
    assert.equal(waits, minutes);
    assert.match(said.join("\n"), new RegExp(`the intake answered ${status}; 1 snapshot waits`));
    await forwarder.finish(100);
    await intake.close();
  });
}

test("a redirect is not followed: the token is for nobody else", async () => {
  const other = await openIntake();
  const intake = await openIntake((_request, response) => {
    response.writeHead(307, { location: `${other.url}/v1/snapshots` }).end();
    return "done";
  });
  const { forwarder, said } = await open({ destinations: [http(intake.url)] });
  await forwarder.spooled(...line(1));
  await until("a word", () => said.some((text) => text.includes(`307 and points to ${other.url}`)));
  await forwarder.finish(100);
  await Promise.all([intake.close(), other.close()]);
  assert.equal(other.requests.length, 0);
});

test("the log gets a line each, safe and private, and a pipe that nobody reads holds up nothing", async (t) => {
  const words: string[] = [];
  t.mock.method(process.stderr, "write", (text: string) => words.push(text) > 0);
  const formatSafe = (text: string) => text.replaceAll("\x1b", "ESC");
  const file = join(root, "log");
  const log = createLog({ file, level: "info", formatSafe });
  log("debug", "nothing");
  log("info", "one");
  log("warn", "\x1b[31mtwo");
  rmSync(file);
  log("info", "three, in a new file");
  assert.match(readFileSync(file, "utf8"), /^\d{4}-\d\d-\d\dT[\d:.]+Z info three, in a new file\n$/);
  assert.deepEqual(words, []);
  const pipe = join(root, "pipe");
  execFileSync("mkfifo", [pipe], { stdio: "ignore" });
  const piped = createLog({ file: pipe, level: "info", formatSafe });
  piped("info", "four");
  piped("info", "\x1b five");
  assert.match(words[0] ?? "", /^npmon: cannot write the log: ENXIO/);
  assert.deepEqual(words.slice(1), ["npmon: four\n", "npmon: ESC five\n"]);
});
