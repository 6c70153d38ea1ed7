import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import zlib, { gzipSync } from "node:zlib";
import type { IntakeReceipt, IntakeRefusal } from "../../src/intake/contract.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { until } from "../commands/deadline.ts";
import { createFlow, createSnapshot } from "../view/fixtures/snapshots.ts";
import { headOf, speak } from "./speak.ts";
import { endIntake, type RunningIntake, startIntake } from "./start-intake.ts";

const TOKEN = "correct-horse";
const MIB = 1024 * 1024;
/** Of the bodies here; unpacked eight times as much. */
const MAX_BODY = MIB;

const root = mkdtempSync(join(tmpdir(), "npmon-hostile-intake-"));
const tokens = join(root, "tokens");
let intake: RunningIntake;

before(async () => {
  writeFileSync(tokens, `${TOKEN}\n`);
  intake = await startIntake([
    "--data",
    join(root, "data"),
    "--token-file",
    tokens,
    "--max-request-size",
    "1MiB",
  ]);
});
after(async () => {
  await endIntake(intake, "SIGKILL");
  rmSync(root, { recursive: true, force: true });
});

const post = (body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${intake.url}/v1/snapshots`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    body,
  });

const snapshot = (changes: Partial<Snapshot> = {}): Snapshot => {
  const start = new Date(Date.now() - 60_000).toISOString();
  return createSnapshot({ id: randomUUID(), start, end: new Date().toISOString(), ...changes });
};

/** As JSON, with a text in place of another. */
const changed = (from: string, to: string): string => JSON.stringify(snapshot()).replace(from, to);

const zstd = (zlib as unknown as { zstdCompressSync?: (bytes: Buffer) => Buffer }).zstdCompressSync;
const gzip = { "content-encoding": "gzip" };
const empty = (mib: number, byte = 0): Buffer => Buffer.alloc(mib * MIB, byte);

for (const [what, status, body, headers] of [
  ["a body larger than it takes", 413, empty(2), {}],
  ["a small body that unpacks to 200 MiB of one line", 413, gzipSync(empty(200)), gzip],
  ["a small body that unpacks to 9 MiB of empty lines", 413, gzipSync(empty(9, 10)), gzip],
  ["a body of 20,000 lines that are nothing", 413, gzipSync("x\n".repeat(20_000)), gzip],
  [
    "a bomb in a bomb",
    413,
    gzipSync(gzipSync(empty(300))).subarray(0, 64),
    { "content-encoding": "gzip, gzip" },
  ],
  ["a body packed twice that is said to be packed once", 400, gzipSync(gzipSync("x")), gzip],
  [
    "a bomb of zstd",
    zstd === undefined ? 415 : 413,
    zstd?.(empty(200)) ?? empty(1),
    { "content-encoding": "zstd" },
  ],
  ["a gzip that is cut off", 400, gzipSync(JSON.stringify(snapshot())).subarray(0, 200), gzip],
  ["a line without an end", 413, gzipSync("[".repeat(3 * MIB)), gzip],
  ["a line nested 500,000 deep", 400, gzipSync("[".repeat(5e5) + "]".repeat(5e5)), gzip],
  ["an object nested deep", 400, gzipSync('{"a":'.repeat(1e5)), gzip],
  ["nothing", 400, "", {}],
  ["a page", 415, "<html>", { "content-type": "text/html" }],
  ["a form", 415, "a=b", { "content-type": "application/x-www-form-urlencoded" }],
] as const) {
  const expected = what === "a bomb in a bomb" ? 415 : status;
  test(`${what} is ${expected}, with a message and a code`, async () => {
    const response = await post(body, headers);
    const { error } = (await response.json()) as IntakeRefusal;
    assert.equal(response.status, expected, error.message);
    assert.match(error.message, /^[\x20-\x7e]{5,400}$/);
    assert.match(error.code, /^[a-z_]+$/);
  });
}

const SQL = `'; DROP TABLE segment; --"); COPY (SELECT 1) TO '/tmp/x' $1 {}`;

for (const [what, line, isAccepted] of [
  ["a snapshot as it should be", JSON.stringify(snapshot()), true],
  ["one with SQL in every text", sqlEverywhere(), true],
  ["one whose bytes are no UTF-8", Buffer.from(changed('"web-1"', '"w\xff\xfeb"'), "latin1"), true],
  ["one with half a character", changed('"web-1"', '"\\ud800"'), true],
  ["one with a key twice", changed('"schema"', '"host":"a","schema"'), true],
  ["one with __proto__ in a flow", changed('"source"', '"__proto__":{"x":1},"source"'), false],
  ["one with constructor as a tag", changed('"service":"web"', '"constructor":"web","service":"web"'), true],
  ["one with __proto__ as a tag", changed('"service":"web"', '"__proto__":"web"'), false],
  ["one with __proto__ beside its schema", changed('"schema"', '"__proto__":{"x":1},"schema"'), false],
  ["one with a negative counter", changed('"packets_sent":900', '"packets_sent":-1'), false],
  ["one with NaN", changed('"packets_sent":900', '"packets_sent":NaN'), false],
  ["one with 1e999", changed('"packets_sent":900', '"packets_sent":1e999'), false],
  ["one beyond 2^53", changed('"packets_sent":900', '"packets_sent":9007199254740993'), false],
  ["one with a thousand digits", changed('"packets_sent":900', `"packets_sent":${"9".repeat(1000)}`), false],
  ["one with a fraction of a packet", changed('"packets_sent":900', '"packets_sent":0.5'), false],
  ["one from the year 1970", JSON.stringify(snapshot({ start: "1970-01-01T00:00:00Z" })), false],
  ["one from before the calendar", JSON.stringify(snapshot({ start: "0000-01-01T00:00:00Z" })), false],
  ["one from the year 9999", JSON.stringify(snapshot({ start: "9999-12-31T23:59:59Z" })), false],
  ["one that ends before it starts", JSON.stringify(snapshot({ end: "1970-01-01T00:00:00Z" })), false],
  ["one at a leap second", JSON.stringify(snapshot({ start: "2016-12-31T23:59:60Z" })), false],
  ["one with an id that is none", JSON.stringify(snapshot({ id: "../../etc/passwd" })), false],
  ["one of another schema", changed("npmon.snapshot/1", "npmon.snapshot/9"), false],
] as const) {
  test(`${what} is ${isAccepted ? "kept" : "rejected"}, and the one behind it is kept`, async () => {
    const good = snapshot();
    const response = await post(
      Buffer.concat([Buffer.from(line), Buffer.from(`\n${JSON.stringify(good)}\n`)]),
    );
    assert.equal(response.status, 200);
    const { accepted, rejected } = (await response.json()) as IntakeReceipt;
    assert.equal(accepted.length, isAccepted ? 2 : 1);
    assert.ok(accepted.includes(good.id));
    assert.deepEqual(
      rejected.map(({ line: number }) => number),
      isAccepted ? [] : [1],
    );
    for (const { message } of rejected) assert.match(message, /^[\x20-\x7e]{5,300}$/);
  });
}

test("what was kept of them is asked for in every way, and nothing of it is code", async () => {
  const window = { since_ms: String(Date.now() - 3_600_000), until_ms: String(Date.now() + 1000) };
  for (const [groupBy, filter] of [
    ["service", ""],
    ["flow", ""],
    ["source.user,destination.pod", `source.service:"${SQL.replaceAll(/["\\]/g, "?")}"`],
    ["client.service,server.port", "bytes_sent:>0"],
    ["source.constructor,source.team", "source.constructor:web"],
  ] as const) {
    const search = new URLSearchParams({ ...window, group_by: groupBy, filter });
    const response = await fetch(`${intake.url}/v1/query?${search}`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    const text = await response.text();
    assert.ok(response.status === 200 || response.status === 422, text);
    if (groupBy === "service") assert.equal(text.includes("DROP TABLE segment"), true);
  }
  for (const search of [
    "group_by=';--",
    "filter=((((",
    `filter=${"(".repeat(2000)}a:b${")".repeat(2000)}`,
    "since_ms=x",
  ]) {
    const query = new URLSearchParams(search);
    for (const [name, value] of Object.entries(window)) if (!query.has(name)) query.set(name, value);
    const response = await fetch(`${intake.url}/v1/query?${query}`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    assert.equal(response.status, 422, search.slice(0, 40));
  }
});

for (const [what, request, answer] of [
  ["a path that climbs", "GET /v1/../metrics", /^HTTP\/1.1 404/],
  ["a path that climbs in disguise", "GET /v1/snapshots/%2e%2e/%2e%2e/etc/passwd", /^HTTP\/1.1 404/],
  ["a whole address", "GET http://x/metrics", /^HTTP\/1.1 404/],
  ["two slashes", "GET //metrics", /^HTTP\/1.1 404/],
  ["a zero byte", "GET /metrics%00", /^HTTP\/1.1 404/],
  ["another method", "DELETE /v1/snapshots", /^HTTP\/1.1 404/],
  ["another method on health", "POST /health", /^HTTP\/1.1 404/],
  ["a tunnel", "CONNECT /v1/snapshots", /^(HTTP\/1.1 4|$)/],
  ["a path of 20,000 letters", `GET /${"a".repeat(20_000)}`, /^HTTP\/1.1 414/],
  ["a control character in the path", "GET /\x1b[31m", /^HTTP\/1.1 400/],
] as const) {
  test(`${what} leads nowhere`, async () => {
    const head = `${request} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\nconnection: close\r\n\r\n`;
    assert.match(await speak(intake.port, head).over, answer);
  });
}

for (const [what, head, answer] of [
  [
    "a head without end",
    `GET /health HTTP/1.1\r\n${"x: yyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".repeat(5000)}`,
    /^HTTP\/1.1 431/,
  ],
  ["one endless header", `GET /health HTTP/1.1\r\nx: ${"y".repeat(100_000)}`, /^HTTP\/1.1 431/],
  [
    "two lengths",
    "POST /v1/snapshots HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
    /^HTTP\/1.1 400/,
  ],
  [
    "a length and chunks",
    "POST /v1/snapshots HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    /^HTTP\/1.1 400/,
  ],
  ["no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", /^HTTP\/1.1 400/],
] as const) {
  test(`${what} is refused and hung up on`, async () => {
    assert.match(await speak(intake.port, Buffer.from(head, "latin1")).over, answer);
  });
}

test("a body that never ends is refused after a mebibyte, and hung up on", async () => {
  const speech = speak(intake.port, headOf(TOKEN, "chunked"));
  const chunk = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(65_536, 97), Buffer.from("\r\n")]);
  let sent = 0;
  const write = (): void => {
    while (!speech.socket.destroyed) {
      sent += chunk.length;
      if (!speech.socket.write(chunk)) break;
    }
  };
  speech.socket.on("drain", write);
  write();
  assert.match(await speech.over, /^HTTP\/1.1 413/);
  assert.ok(sent < 64 * MIB, `${sent} bytes`);
});

test("fifty requests in one breath are answered in order", async () => {
  const one = "GET /health HTTP/1.1\r\nhost: x\r\n\r\n";
  const last = "GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
  const heard = await speak(intake.port, one.repeat(49) + last).over;
  assert.equal(heard.split("HTTP/1.1 200 OK").length, 50);
  assert.match(heard.slice(heard.lastIndexOf("HTTP/1.1")), /^HTTP\/1.1 401/);
});

for (const [authorization, status] of [
  ["", 401],
  ["Basic Y29ycmVjdC1ob3JzZQ==", 401],
  ["Bearer", 401],
  [`Bearer ${TOKEN}x`, 403],
  [`Bearer ${TOKEN.slice(1)}`, 403],
  [`Bearer ${"x".repeat(4096)}`, 403],
  [`Bearer ${TOKEN} ${TOKEN}`, 401],
] as const) {
  test(`the credentials ${JSON.stringify(authorization.slice(0, 30))} are ${status}, whatever is sent`, async () => {
    const response = await post(gzipSync("x"), { authorization });
    assert.equal(response.status, status);
    assert.equal(response.headers.get("www-authenticate"), status === 401 ? "Bearer" : null);
  });
}

test("thirty senders who stop in the middle keep nobody else out", async () => {
  const slow = Array.from({ length: 30 }, () => speak(intake.port, `${headOf(TOKEN, 1000)}{`, "127.0.0.4"));
  const good = snapshot();
  const response = await post(JSON.stringify(good));
  assert.deepEqual(((await response.json()) as IntakeReceipt).accepted, [good.id]);
  for (const { socket } of slow) socket.destroy();
});

test("who fills the memory gives way, and others are served", async () => {
  const part = Buffer.concat([Buffer.from(headOf(TOKEN, MAX_BODY)), Buffer.alloc(MAX_BODY - 10, 32)]);
  const greedy = Array.from({ length: 8 }, () => speak(intake.port, part, "127.0.0.5"));
  const refused = () => greedy.filter(({ heard }) => heard().startsWith("HTTP/1.1 503"));
  await until("refusals of the greedy one", () => refused().length >= 3);
  assert.match(refused()[0]?.heard() ?? "", /retry-after: \d+[\s\S]*too much is being sent at once/i);
  const good = snapshot();
  const response = await post(
    Buffer.concat([Buffer.alloc(MAX_BODY / 2, 10).fill(32), Buffer.from(`\n${JSON.stringify(good)}`)]),
  );
  assert.deepEqual(((await response.json()) as IntakeReceipt).accepted, [good.id]);
  for (const { socket } of greedy) socket.destroy();
});

test("a flood from one address is 429 with Retry-After, and another address is served", async () => {
  const one = `GET /metrics HTTP/1.1\r\nhost: x\r\nauthorization: Bearer wrong\r\n\r\n`;
  const floods = Array.from({ length: 20 }, () => speak(intake.port, one.repeat(60), "127.0.0.6"));
  const heard = await until("a 429", () =>
    floods.map((flood) => flood.heard()).find((text) => text.includes("HTTP/1.1 429")),
  );
  assert.match(heard.slice(heard.indexOf("HTTP/1.1 429")), /retry-after: 1/i);
  assert.equal((await post(JSON.stringify(snapshot()))).status, 200);
  for (const { socket } of floods) socket.destroy();
});

test("the log has said who was refused and why, in few lines and no control characters", async () => {
  const said = intake.said();
  assert.match(said, /127\.0\.0\.1: refused 413: POST \/v1\/snapshots: /);
  const lines = said.split("\n");
  for (const line of lines) assert.match(line, /^(npmon: [\x20-\x7e…]+)?$/);
  assert.ok(lines.length < 60, `${lines.length} lines`);
});

test("after all that it is healthy, and has not grown beyond reason", async (t) => {
  assert.deepEqual(await (await fetch(`${intake.url}/health`)).json(), { status: "ok", reasons: [] });
  const status = readFileSync(`/proc/${intake.child.pid}/status`, "utf8");
  const peak = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
  t.diagnostic(`at most ${Math.round(peak)} MiB resident`);
  assert.ok(peak < 700, `${peak} MiB`);
});

function sqlEverywhere(): string {
  const end = { service: SQL, process: SQL, user: SQL, pod: SQL, ip: SQL, port: SQL, team: SQL };
  const flow = createFlow({ source: end, destination: end });
  return JSON.stringify(snapshot({ host: SQL, filter: SQL, flows: [flow] }));
}
