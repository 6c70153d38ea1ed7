import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Destination, Send } from "../../src/sink/deliver/destination.ts";
import { createFileSend } from "../../src/sink/deliver/file.ts";
import { createHttpSend, HTTP_LIMITS } from "../../src/sink/deliver/http.ts";
import { type Forwarder, type ForwarderOptions, openForwarder } from "../../src/sink/forwarder.ts";
import type { ForwardStatus } from "../../src/sink/spool/status.ts";
import { until } from "../commands/deadline.ts";
import { RUN_TYPESCRIPT } from "../typescript.ts";
import { type Intake, type Mischief, openIntake } from "./intake.ts";
import { idOf } from "./snapshot-id.ts";

const root = mkdtempSync(join(tmpdir(), "npmon-forward-"));
const forwarders: Forwarder[] = [];
// also of a test that failed, or it would never end
after(async () => {
  await Promise.all(forwarders.map((forwarder) => forwarder.finish(0)));
  rmSync(root, { recursive: true, force: true });
});
let folders = 0;
const newFolder = (): string => join(root, `spool-${folders++}`);

const PATIENCE = { firstMs: 2, maxMs: 20, slowMs: 20, longMs: 250 };
const PROGRAM = new URL("forward-program.ts", import.meta.url).pathname;
const DISK_PROGRAM = new URL("disk-program.ts", import.meta.url).pathname;

const to = (url: string, more: Partial<Destination> = {}): { url: string; send: Send } => ({
  url,
  send: createHttpSend(
    { url, token: null, tokenFile: null, caFile: null, headers: {}, ...more },
    { ...HTTP_LIMITS, idleMs: 300, totalMs: 2000 },
  ),
});

/** What it said is in `said`. */
async function open(options: Partial<ForwarderOptions> & Pick<ForwarderOptions, "destinations">) {
  const said: string[] = [];
  const folder = options.folder ?? newFolder();
  const forwarder = await openForwarder({
    folder,
    maxBytes: 2 ** 30,
    maxAgeMs: 2 ** 40,
    intervalMs: 1000,
    patience: PATIENCE,
    say: (level, text) => said.push(`${level} ${text}`),
    ...options,
  });
  forwarders.push(forwarder);
  return { forwarder, folder, said };
}

const line = (number: number, more: object = {}): [id: string, line: string] => [
  idOf(number),
  `${JSON.stringify({ id: idOf(number), bytes: number, ...more })}\n`,
];

const waiting = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith(".gz"));

function sumOf(intake: Intake): number {
  let sum = 0;
  for (const text of intake.kept.values()) sum += (JSON.parse(text) as { bytes: number }).bytes;
  return sum;
}

test("snapshots arrive once each through an intake that cuts, delays, repeats and refuses", async () => {
  const mischief: Mischief = (request, response, _lines, number) => {
    switch (number % 7) {
      case 1:
        return "work-and-cut";
      case 2:
        request.socket.destroy();
        return "done";
      case 3:
        response.writeHead(503).end("busy");
        return "done";
      case 4:
        response.writeHead(429, { "retry-after": "0" }).end();
        return "done";
      case 5:
        response.writeHead(200).end("<html>");
        return "done";
      default:
        return null;
    }
  };
  const intake = await openIntake(mischief);
  const { forwarder, folder } = await open({ destinations: [to(intake.url)] });
  for (let number = 0; number < 300; number++) await forwarder.spooled(...line(number));
  await until("all of them", () => intake.kept.size === 300);
  await until("an empty spool", () => waiting(folder).length === 0);
  await forwarder.finish(1000);
  await intake.close();
  assert.equal(sumOf(intake), 44_850);
  assert.ok(intake.duplicates() > 0);
  const { destinations, spool } = forwarder.status;
  assert.deepEqual([destinations[0]?.delivered, spool.dropped, spool.snapshots], [300, 0, 0]);
});

test("whatever instant a process is killed at, what it had spooled arrives", async () => {
  const intake = await openIntake((_request, _response, _lines, number) =>
    number % 3 === 0 ? "work-and-cut" : null,
  );
  const folder = newFolder();
  const journal = join(root, "journal");
  writeFileSync(journal, "");
  const spooled = (): number => readFileSync(journal, "utf8").split("\n").length - 1;
  for (let round = 0; round < 5; round++) {
    const child = spawn(
      process.execPath,
      [
        ...RUN_TYPESCRIPT,
        PROGRAM,
        folder,
        intake.url,
        journal,
        `${round * 10_000}`,
        `${round * 10_000 + 9000}`,
      ],
      { stdio: "inherit" },
    );
    const ended = new Promise((resolve) => child.on("close", resolve));
    const before = spooled();
    await until("snapshots in the spool", () => spooled() > before + 5 + round * 7);
    child.kill("SIGKILL");
    await ended;
  }
  const { forwarder } = await open({ folder, destinations: [to(intake.url)] });
  await until("an empty spool", () => waiting(folder).length === 0);
  await forwarder.finish(1000);
  await intake.close();
  const numbers = readFileSync(journal, "utf8").trim().split("\n").map(Number);
  for (const number of numbers) assert.ok(intake.kept.has(idOf(number)), `${number} is lost`);
  assert.ok(
    intake.kept.size <= numbers.length + 5,
    "one more a kill at most: spooled and not yet in the journal",
  );
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith(".tmp")),
    [],
  );
});

test("a destination that hangs holds up no other, and both places outlive a restart", async () => {
  let hangs = true;
  const slow = await openIntake(() => (hangs ? "done" : null));
  const good = await openIntake();
  const destinations = [to(slow.url), to(good.url)];
  const first = await open({ destinations });
  for (let number = 0; number < 20; number++) first.forwarder.take(...line(number));
  await until("all at the good one", () => good.kept.size === 20);
  assert.equal(waiting(first.folder).length, 20);
  await until("trouble with the slow one", () => first.said.some((text) => text.includes("nothing moved")));
  assert.equal(first.forwarder.status.health, "degraded");
  await first.forwarder.finish(100);
  hangs = false;
  const asked = good.requests.length;
  const second = await open({ folder: first.folder, destinations });
  await until("all at the slow one", () => slow.kept.size === 20);
  await until("an empty spool", () => waiting(first.folder).length === 0);
  second.forwarder.take(...line(20));
  await until("a new one at both", () => slow.kept.size === 21 && good.kept.size === 21);
  assert.ok(
    good.requests.slice(asked).every(({ count }) => count === 1),
    "nothing was sent to the good one again",
  );
  await second.forwarder.finish(1000);
  await Promise.all([slow.close(), good.close()]);
});

test("the oldest go first when the spool is full, and the next snapshot tells how many", async () => {
  const gone = to("http://127.0.0.1:1");
  const { forwarder, folder, said } = await open({ maxBytes: 2000, destinations: [gone] });
  for (let number = 0; number < 50; number++) await forwarder.spooled(...line(number));
  const { spool, destinations } = forwarder.status;
  assert.ok(spool.bytes <= 2000 && spool.snapshots > 5);
  assert.equal(spool.dropped + spool.snapshots, 50);
  assert.equal(destinations[0]?.dropped, spool.dropped);
  assert.deepEqual(forwarder.takeDelivery(), {
    dropped: spool.dropped,
    refused: 0,
    waiting: spool.snapshots,
  });
  assert.equal(forwarder.takeDelivery().dropped, 0);
  assert.match(said.join("\n"), /a snapshot is lost, the oldest: the spool is as large as it may be/);
  await forwarder.finish(100);
  const left = waiting(folder).sort();
  assert.ok(left.at(-1)?.includes(idOf(49)) && !left.some((name) => name.includes(idOf(0))));
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(statSync(join(folder, left[0] ?? "")).mode & 0o777, 0o600);
});

test("what can never be taken is set aside and holds up nothing", async () => {
  const mischief: Mischief = (_request, response, lines) => {
    if (lines.some((text) => text.includes('"poison"'))) response.writeHead(400).end("not a snapshot");
    else if (lines.length > 4) response.writeHead(413).end();
    else return null;
    return "done";
  };
  const intake = await openIntake(mischief);
  const { forwarder, folder, said } = await open({ destinations: [to(intake.url)] });
  for (let number = 0; number < 30; number++) {
    const more = number === 7 ? { poison: 1 } : number === 9 ? { bad: true } : {};
    forwarder.take(...line(number, more));
  }
  await until("an empty spool", () => intake.kept.size === 28 && waiting(folder).length === 0);
  await forwarder.finish(1000);
  await intake.close();
  assert.equal(forwarder.status.destinations[0]?.refused, 2);
  assert.equal(readdirSync(join(folder, "refused")).filter((name) => name.endsWith(".gz")).length, 2);
  assert.match(said.join("\n"), /it is bad/);
  assert.match(said.join("\n"), /400: not a snapshot/);
});

test("the token is read anew, and headers, encoding and path are those of the contract", async () => {
  const tokenFile = join(root, "token");
  writeFileSync(tokenFile, "old\n");
  const intake = await openIntake((request, response) => {
    if (request.headers.authorization === "Bearer new" && request.url === "/base/v1/snapshots") return null;
    response.writeHead(401).end();
    return "done";
  });
  const url = `${intake.url}/base/`;
  const { forwarder, said } = await open({
    destinations: [to(url, { tokenFile, headers: { "X-Team": "net" } })],
  });
  forwarder.take(...line(1));
  await until("a refusal", () => said.some((text) => text.includes("401")));
  await until("a second try", () => intake.requests.length > 2);
  assert.equal(said.filter((text) => text.includes("401")).length, 1);
  writeFileSync(tokenFile, "new");
  await until("the snapshot", () => intake.kept.size === 1);
  await forwarder.finish(1000);
  await intake.close();
  const { headers } = intake.requests.at(-1) ?? assert.fail();
  assert.deepEqual(
    [headers["content-type"], headers["content-encoding"], headers["x-team"]],
    ["application/x-ndjson", "gzip", "net"],
  );
});

test("an intake that shows the certificate of a private authority is believed with its file alone", async () => {
  const key = join(root, "key.pem");
  const cert = join(root, "cert.pem");
  const words =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=npmon -addext subjectAltName=IP:127.0.0.1";
  execFileSync("openssl", [...words.split(" "), "-keyout", key, "-out", cert], { stdio: "ignore" });
  const intake = await openIntake(undefined, {
    key: readFileSync(key, "utf8"),
    cert: readFileSync(cert, "utf8"),
  });
  const distrusting = await open({ destinations: [to(intake.url)] });
  const trusting = await open({ destinations: [to(intake.url, { caFile: cert })] });
  distrusting.forwarder.take(...line(1));
  trusting.forwarder.take(...line(2));
  await until("the believed one", () => intake.kept.has(idOf(2)));
  await until("the other's trouble", () => distrusting.said.some((text) => text.includes("self-signed")));
  await Promise.all([distrusting.forwarder.finish(100), trusting.forwarder.finish(1000)]);
  await intake.close();
  assert.equal(intake.kept.size, 1);
});

test("two processes do not share a spool, and it is free once the first has ended", async () => {
  const { forwarder, folder } = await open({ destinations: [to("http://127.0.0.1:1")] });
  await assert.rejects(open({ folder, destinations: [] }), /belongs to another npmon forward/);
  await forwarder.finish(10);
  const next = await open({ folder, destinations: [to("http://127.0.0.1:1")] });
  await next.forwarder.finish(10);
});

test("a full disk loses nothing while the intake answers, and says so", async (t) => {
  let isAway = true;
  const intake = await openIntake((_request, response) => {
    if (isAway) response.writeHead(503).end();
    return isAway ? "done" : null;
  });
  const disk = join(root, "disk");
  mkdirSync(disk);
  // the disk is the program's alone, so nothing is left mounted whatever happens here
  const script = 'mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"';
  const command = [process.execPath, ...RUN_TYPESCRIPT, DISK_PROGRAM, join(disk, "spool"), intake.url];
  const child = spawn("unshare", ["-m", "sh", "-c", script, disk, ...command], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk;
  });
  const lines = (): string[] => text.split("\n").slice(0, -1);
  const ended = new Promise((resolve) => child.on("exit", resolve));
  await until("forty snapshots in a full spool", () => lines().length > 0);
  const full = JSON.parse(lines()[0] ?? "") as { status: ForwardStatus; said: string[] };
  assert.equal(full.status.spool.trouble, "no space left on the disk");
  assert.equal(full.status.health, "degraded");
  assert.equal(full.status.spool.snapshots, 40);
  assert.ok(full.status.spool.in_memory_bytes > 0);
  assert.match(full.said.join("\n"), /snapshots wait in memory: no space left/);
  isAway = false;
  child.stdin.end("go on\n");
  assert.equal(await ended, 0);
  const after = JSON.parse(lines()[1] ?? "") as { status: ForwardStatus; said: string[] };
  assert.deepEqual([after.status.spool.trouble, after.status.spool.dropped], [null, 0]);
  assert.match(after.said.join("\n"), /the spool takes snapshots again/);
  await intake.close();
  assert.equal(intake.kept.size, 41);
});

test("a file gets a line each, and a line that a crash cut off is taken away", async () => {
  const path = join(root, "out.json");
  writeFileSync(path, 'somebody else\'s line\n{"schema":"npmon.snapshot/1","id":"cut');
  const { forwarder } = await open({ destinations: [{ url: `file:${path}`, send: createFileSend(path) }] });
  for (let number = 0; number < 3; number++) forwarder.take(...line(number));
  await until("three lines", () => readFileSync(path, "utf8").split("\n").length === 5);
  await forwarder.finish(1000);
  assert.equal(
    readFileSync(path, "utf8"),
    `somebody else's line\n${[0, 1, 2].map((number) => line(number)[1]).join("")}`,
  );
  assert.ok(existsSync(path));
});
