import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createSnapshotDecoder } from "../../src/snapshot/decode.ts";
import type { Snapshot, SnapshotFlow } from "../../src/snapshot/snapshot.ts";
import { buildTraffic, startServer, type TrafficServer } from "../traffic/traffic.ts";
import { Tmux } from "../view/fixtures/tmux.ts";
import { parseCsv } from "./csv-reader.ts";
import { kill, until } from "./deadline.ts";
import { assertHarmless } from "./harmless.ts";
import { ended, NPMON, npmon, startNpmon, tracing } from "./npmon.ts";

interface Hostile {
  readonly title: string;
  /** Name of the executable, and so of the process as far as 15 bytes go. */
  readonly name: Buffer;
  readonly service: Buffer;
}

function same(title: string, name: string | Buffer): Hostile {
  return { title, name: Buffer.from(name), service: Buffer.from(name) };
}

const HOSTILE: readonly Hostile[] = [
  same("title", "\x1b]0;pwned\x07"),
  same("clear", "\x1b[2Jclear"),
  same("newline", "new\nline"),
  same("return", "re\rturn"),
  same("tab", "a\ttab"),
  same("delete", "a\x7fdelete"),
  same("C1", "C1\u009b31mred"),
  same("raw C1", Buffer.from("raw\x9b2Jend", "latin1")),
  same("override", "a\u202Eoverride"),
  same("isolate", "a\u2066b\u2069end"),
  same("zero width", "a\u200b\u200dzero"),
  same("invalid", Buffer.from([0x69, 0xff, 0xfe, 0xc3, 0x28, 0xe2, 0x82, 0x21])),
  same("cut", "fourteen chars\u20ac"),
  same("quotes", `a"b,c'd`),
  same("formula", "=cmd|'calc'!A0"),
  same("prototype", "__proto__"),
  same("constructor", "constructor"),
  { title: "64 KiB", name: Buffer.from("long"), service: Buffer.alloc(65_536, "S\x1b[2J") },
];

const decode = createSnapshotDecoder();
const folder = mkdtempSync(join(tmpdir(), "npmon-hostile-"));
const pids: number[] = [];
let server: TrafficServer;

/** Any bytes, as a word of bash. */
function word(bytes: Buffer): string {
  return `$'${[...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}'`;
}

function pathOf({ name }: Hostile): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), name]);
}

/** Starts all of them, each with a connection that stays. */
async function startHostile(): Promise<void> {
  const lines = HOSTILE.map(
    (hostile) =>
      `DD_SERVICE=${word(hostile.service)} ${word(pathOf(hostile))} client --to ${server.target} --hold 600000 >/dev/null 2>&1 & echo $!`,
  );
  // A file: so much does not fit into an argument.
  const script = join(folder, "start.sh");
  writeFileSync(script, `${lines.join("\n")}\n`);
  const { stdout, stderr } = await ended(spawn("bash", [script], { stdio: ["ignore", "pipe", "pipe"] }));
  pids.push(...stdout.trim().split("\n").map(Number));
  assert.equal(stderr, "");
  assert.equal(pids.length, HOSTILE.length);
  await until("every connection", () => connected() === HOSTILE.length);
}

/** Established connections to the server, from the kernel's own table. */
function connected(): number {
  const port = server.port.toString(16).toUpperCase().padStart(4, "0");
  return (
    readFileSync("/proc/net/tcp", "utf8").match(new RegExp(` [0-9A-F]{8}:${port} 01 `, "g"))?.length ?? 0
  );
}

const VIEWS = {
  json: ["export", "--json", "-g", "flow"],
  ndjson: ["export", "--ndjson", "-g", "flow"],
  csv: ["export", "--csv", "-g", "flow"],
  table: ["export", "--table", "-g", "source.process,source.service,source.exe"],
  top: ["top", "-b", "-g", "source.process,source.service,source.exe"],
} as const;

/** The same from the saved snapshot, which is ungrouped already. */
const REPLAYS: Readonly<Record<keyof typeof VIEWS, readonly string[]>> = {
  ...VIEWS,
  json: ["export", "--json"],
  ndjson: ["export", "--ndjson"],
  csv: ["export", "--csv"],
};

type View = keyof typeof VIEWS;

const VIEW_NAMES = Object.keys(VIEWS) as readonly View[];
const live = new Map<View, string>();
const saved = join(folder, "saved.json");

/** What the terminal shows of them: the title of the window before and after, and the screen. */
let screen = { titleBefore: "", titleAfter: "", text: "" };

before(async () => {
  server = await startServer();
  for (const hostile of HOSTILE) copyFileSync(buildTraffic(), pathOf(hostile));
  const tmux = new Tmux(200, 40);
  try {
    const titleBefore = tmux.format("#{pane_title}");
    tmux.type(`exec ${process.execPath} ${NPMON} top -g source.process,source.service,source.exe`);
    await tmux.until("the full screen", (text) => text.includes("q quit") && text.includes("flows "));
    const children = VIEW_NAMES.map((view) => startNpmon([...VIEWS[view], "-d", "1h"]));
    try {
      const results = children.map(ended);
      await Promise.all(children.map(tracing));
      await startHostile();
      for (const child of children) child.kill("SIGINT");
      for (const [index, result] of results.entries()) {
        const { status, stdout, stderr } = await result;
        assert.equal(status, 0, stderr);
        live.set(VIEW_NAMES[index] ?? "json", stdout);
      }
    } finally {
      for (const child of children) child.kill("SIGKILL");
    }
    const text = await tmux.until("the rows", (shown) => shown.includes("__proto__"));
    screen = { titleBefore, titleAfter: tmux.format("#{pane_title}"), text };
  } finally {
    tmux.close();
  }
  writeFileSync(saved, live.get("json") ?? "");
});

after(async () => {
  for (const pid of pids) kill(pid);
  await server.close();
  rmSync(folder, { recursive: true });
});

function outputOf(view: View): string {
  return live.get(view) ?? assert.fail(`${view} was not run`);
}

/** The rows of the hostile processes, by pid; npmon follows other connections too. */
function rowsOf(flows: readonly SnapshotFlow[]): ReadonlyMap<number, SnapshotFlow> {
  const mine = flows.filter(
    ({ direction, source }) => direction === "outgoing" && pids.includes(Number(source?.pid)),
  );
  return new Map(mine.map((flow) => [Number(flow.source?.pid), flow]));
}

for (const view of VIEW_NAMES) {
  test(`no control character reaches the terminal in live ${view}`, () => {
    assertHarmless(outputOf(view), view === "csv" ? "\r\n" : "\n");
    assert.match(outputOf(view), /pwned/, "the names are there");
  });

  test(`no control character reaches the terminal in ${view} of the saved snapshot`, async () => {
    const { status, stdout, stderr } = await npmon([...REPLAYS[view], "--from", saved]);
    assert.equal(status, 0, stderr);
    assert.equal(stderr, "");
    assertHarmless(stdout, view === "csv" ? "\r\n" : "\n");
    if (view === "json") assert.equal(stdout, readFileSync(saved, "utf8"));
    assert.match(stdout, /pwned/);
  });
}

test("JSON gives every name back as the kernel has it", () => {
  const rows = rowsOf(decode(outputOf("json"), "stdout").flows);
  const found = HOSTILE.map(({ title }, index) => {
    const source = rows.get(pids[index] ?? 0)?.source;
    return [title, source?.process, source?.service, source?.exe];
  });
  const expected = HOSTILE.map((hostile) => [
    hostile.title,
    hostile.name.subarray(0, 15).toString("utf8"),
    hostile.service.toString("utf8").slice(0, 200),
    pathOf(hostile).toString("utf8"),
  ]);
  assert.deepEqual(found, expected);
});

test("every line of NDJSON is a row", () => {
  const lines = outputOf("ndjson").trimEnd().split("\n");
  const rows = rowsOf(lines.map((line) => JSON.parse(line)));
  assert.equal(rows.size, HOSTILE.length);
});

test("every record of CSV has a field for each name in the first one", () => {
  const [names = [], ...records] = parseCsv(outputOf("csv"));
  assert.ok(records.length >= HOSTILE.length);
  for (const record of records) assert.equal(record.length, names.length, record.join("|"));
  const column = (name: string) => names.indexOf(name);
  const services = records
    .filter((record) => record[column("direction")] === "outgoing")
    .filter((record) => pids.includes(Number(record[column("source.pid")])))
    .map((record) => record[column("source.service")]);
  assert.equal(services.length, HOSTILE.length);
  for (const plain of [
    `a"b,c'd`,
    "=cmd|'calc'!A0",
    "__proto__",
    "constructor",
    "new\\nline",
    "\\x1b]0;pwned\\x07",
  ]) {
    assert.ok(services.includes(plain), `${plain} in ${services.join(" ")}`);
  }
});

test("services named like parts of every object are rows like others", async () => {
  const { stdout } = await npmon(["export", "--json", "-g", "source.service", "--from", saved]);
  const text = outputOf("json");
  const flows = (JSON.parse(text) as Snapshot).flows;
  const grouped = decode(stdout, "stdout").flows;
  for (const name of ["__proto__", "constructor"]) {
    const sent = flows.filter(({ source }) => source?.service === name).map((flow) => flow.bytes_sent);
    const rows = grouped.filter(({ source }) => source?.service === name);
    assert.equal(rows.length, 1);
    assert.ok(sent.length > 0);
    assert.equal(
      rows[0]?.bytes_sent,
      sent.reduce((sum, bytes) => sum + bytes, 0),
    );
  }
});

test("the full screen keeps its title and its lines", () => {
  assert.equal(screen.titleAfter, screen.titleBefore);
  const lines = screen.text.trimEnd().split("\n");
  assert.equal(lines.length, 40);
  assert.match(lines[0] ?? "", /^npmon {2}host /);
  assert.match(lines[39] ?? "", /^ q quit/);
  for (const shown of [
    "\\x1b]0;pwned\\x07",
    "\\x1b[2Jclear",
    "new\\nline",
    "a\\u202eoverride",
    "__proto__",
  ]) {
    assert.ok(screen.text.includes(shown), `${shown} in\n${screen.text}`);
  }
});
