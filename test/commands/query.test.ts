import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { createHttpSend } from "../../src/sink/deliver/http.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { type IntakeProcess, startIntake } from "../history/intake-process.ts";
import { type ClusterFiles, makeClusterFiles } from "../tag/kubernetes/certificate.ts";
import { createFlow, createSnapshot } from "../view/fixtures/snapshots.ts";
import { Tmux } from "../view/fixtures/tmux.ts";
import { parseCsv } from "./csv-reader.ts";
import { until } from "./deadline.ts";
import { assertHarmless } from "./harmless.ts";
import { type Ended, NPMON, npmon } from "./npmon.ts";

const MINUTE_MS = 60_000;
const HOSTILE = "\u001b[2Jdb\u202e";

const folder = mkdtempSync(join(tmpdir(), "npmon-query-"));
const data = join(folder, "data");
const empty = join(folder, "empty.yaml");
writeFileSync(empty, "");
let files: ClusterFiles;
let intake: IntakeProcess;
let url = "";
let secured: readonly string[] = [];
/** Rounded, so that the same bytes are in the same hour whenever the test runs. */
const now = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;

function report(host: string, minutesAgo: number, bytes: number, service = "web"): Snapshot {
  const startMs = now - minutesAgo * MINUTE_MS;
  const flow = createFlow({
    source: { service, host, ip: "10.0.0.1", port: null },
    destination: { service: HOSTILE, host: null, ip: "203.0.113.9", port: 443 },
    protocol: "tcp",
    family: "ipv4",
    direction: "outgoing",
    bytes_sent: bytes,
    bytes_received: 1,
  });
  return createSnapshot({
    id: randomUUID(),
    host,
    start: new Date(startMs).toISOString(),
    end: new Date(startMs + 5 * MINUTE_MS).toISOString(),
    interval_ms: 5 * MINUTE_MS,
    group_by: ["rollup"],
    flows: [flow],
  });
}

before(async () => {
  files = makeClusterFiles();
  const tls = ["--cert-file", files.certFile, "--key-file", files.keyFile];
  intake = await startIntake(["--data", data, "--token-file", files.tokenFile, ...tls]);
  url = `https://127.0.0.1:${intake.port}`;
  secured = ["--intake", url, "--token-file", files.tokenFile, "--ca", files.caFile];
  const { tokenFile, caFile } = files;
  const send = createHttpSend({ url, token: null, tokenFile, caFile, headers: {} });
  const snapshots = [
    ...[55, 50, 45, 40].map((ago) => report("web-1", ago, 300_000)),
    ...[115, 110, 105, 100].map((ago) => report("web-1", ago, 150_000)),
    report("web-2", 55, 30_000, "cron"),
    report("web-2", 50, 30_000, "cron"),
  ];
  const parcels = snapshots.map((each) => ({ id: each.id, member: gzipSync(`${JSON.stringify(each)}\n`) }));
  const outcome = await send(parcels, new AbortController().signal);
  assert.ok(outcome.kind === "answered" && outcome.done.size === snapshots.length);
});
after(async () => {
  await intake.end();
  files.remove();
  rmSync(folder, { recursive: true, force: true });
});

const at = (minutesAgo: number) => new Date(now - minutesAgo * MINUTE_MS).toISOString();
const HOUR = ["--since", at(60), "--until", at(30)];

function query(...args: readonly string[]): Promise<Ended> {
  return npmon(["query", ...args], { env: { ...process.env, NO_COLOR: "" } });
}

describe("history over HTTPS with a token and an authority of one's own", () => {
  test("the table says who, when, how much and how fast", async () => {
    const { status, stdout, stderr } = await query(...secured, ...HOUR, "-u", "bytes");
    assert.deepEqual([status, stderr], [0, ""]);
    assertHarmless(stdout);
    assert.match(stdout, /^2 hosts: web-1, web-2 {2}\d{4}-\d\d-\d\d .* UTC \(30 min\)/);
    assert.match(stdout, /^SOURCE SERVICE +DESTINATION SERVICE +SENT B +RECV B +SENT B\/s +RECV B\/s/m);
    assert.match(stdout, /^web +\\x1b\[2Jdb\\u202e +1200000 +4 /m);
    assert.match(stdout, /^all 2 rows +1260000 /m);
  });

  test("JSON and CSV have exact sums and the time that was measured", async () => {
    const [json, csv] = await Promise.all([
      query(...secured, ...HOUR, "--json"),
      query(...secured, ...HOUR, "--csv", "-r", "1", "-s", "source.service"),
    ]);
    const snapshot = JSON.parse(json.stdout) as Snapshot;
    assert.deepEqual(
      snapshot.flows.map(({ source, bytes_sent }) => [source?.service, bytes_sent]),
      [
        ["web", 1_200_000],
        ["cron", 60_000],
      ],
    );
    assert.ok(Math.abs(snapshot.interval_ms - 20 * MINUTE_MS) < MINUTE_MS / 4, `${snapshot.interval_ms}`);
    const [names, ...records] = parseCsv(csv.stdout);
    assert.deepEqual(names?.slice(0, 6), [
      ...["start", "end", "interval_ms", "host", "source.service", "destination.service"],
    ]);
    assert.deepEqual(
      records.map((record) => [record[3], record[4]]),
      [["2 hosts", "cron"]],
    );
  });

  test("a series has a window a line, and none of the rows of others", async () => {
    const period = ["--since", at(120), "--until", at(30)];
    const { status, stdout } = await query(...secured, ...period, "--step", "30m", "--json", "-f", "web");
    assert.equal(status, 0);
    const windows = stdout
      .trim()
      .split("\n")
      .map((line): Snapshot => JSON.parse(line));
    assert.deepEqual(
      windows.map(({ start, host, flows }) => [start, host, flows[0]?.bytes_sent ?? null]),
      [
        [at(120), "web-1", 600_000],
        [at(90), "0 hosts", null],
        [at(60), "2 hosts", 1_200_000],
      ],
    );
    assert.deepEqual(
      windows.map(({ interval_ms }) => interval_ms > 0),
      [true, false, true],
    );
  });

  test("an hour beside the one before: what grew, and what is new", async () => {
    const { stdout, status } = await query(...secured, ...HOUR, "--compare", "1h", "--ndjson");
    assert.equal(status, 0);
    const rows = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      rows.map(({ source, state, now, before }) => [
        source.service,
        state,
        now?.bytes_sent ?? null,
        before?.bytes_sent ?? null,
      ]),
      [
        ["web", "changed", 1_200_000, 600_000],
        ["cron", "new", 60_000, null],
      ],
    );
    assert.ok(Math.abs(rows[0].change_share - 1) < 0.05);
  });

  test("what nobody reported is said, with what there is instead", async () => {
    const period = ["--since", at(300), "--until", at(200)];
    const [table, csv, compared] = await Promise.all([
      query(...secured, ...period),
      query(...secured, ...period, "--csv"),
      query(...secured, ...HOUR, "--compare", "6h"),
    ]);
    assert.deepEqual([table.status, csv.status, compared.status], [0, 0, 1]);
    assert.match(table.stdout, /no host reported between/);
    for (const { stderr } of [table, csv, compared]) {
      assert.match(stderr, /kept there: reports of 2 hosts from about \d{4}-/);
    }
    assert.match(compared.stderr, /nothing to compare/);
  });

  test("without the token, the authority or the right word it says what to do", async () => {
    const [untold, untrusted, unknown, wrong] = await Promise.all([
      query("--intake", url, "--ca", files.caFile),
      query("--intake", url),
      query(...secured, "-g", "servcie"),
      query(...secured, "-f", "team:x", "--json"),
    ]);
    assert.match(untold.stderr, /wants a token.*\n.*--token-file/);
    assert.match(untrusted.stderr, /is not trusted.*\n.*--ca FILE/);
    assert.match(unknown.stderr, /--group-by, column 1: there is no tag "servcie"; did you mean `service`/);
    assert.equal(JSON.parse(wrong.stderr).error.column, 1);
    assert.deepEqual(
      [untold, untrusted, unknown, wrong].map(({ status, stdout }) => [status, stdout]),
      [
        [1, ""],
        [1, ""],
        [2, ""],
        [2, ""],
      ],
    );
  });

  test("the intake that is forwarded to is asked where none is named, with its token", async () => {
    const file = join(folder, "system-probe.yaml");
    writeFileSync(
      file,
      `npmon:\n  forward:\n    to: [{url: "${url}", token_file: "${files.tokenFile}", ca_file: "${files.caFile}"}]\n`,
    );
    const env = {
      ...process.env,
      NPMON_FORWARD_TO: url,
      NPMON_FORWARD_TOKEN_FILE: files.tokenFile,
      NPMON_FORWARD_CA_FILE: files.caFile,
    };
    const [configured, named, told] = await Promise.all([
      query("--config", file, ...HOUR, "--csv"),
      query("--config", file, "--intake", `${url}/`, ...HOUR, "--csv"),
      npmon(["query", ...HOUR, "--csv"], { env }),
    ]);
    for (const { status, stdout, stderr } of [configured, named, told]) {
      assert.deepEqual([status, stderr, parseCsv(stdout).length], [0, "", 3]);
    }
  });
});

describe("the folder of an intake that is running", () => {
  before(async () => {
    // asked once, all that it has is in files
    await query(...secured);
    await until(
      "files",
      () => existsSync(join(data, "flows")) && readdirSync(join(data, "flows")).length > 0,
    );
  });

  test("gives the same answer, and the intake goes on", async () => {
    const output = join(folder, "talk.json");
    const [folderAnswer, intakeAnswer] = await Promise.all([
      query("--data", data, ...HOUR, "--json", "-o", output),
      query(...secured, ...HOUR, "--json"),
    ]);
    assert.deepEqual([folderAnswer.status, folderAnswer.stdout], [0, ""]);
    const strip = (text: string) => ({ ...JSON.parse(text), id: null });
    assert.deepEqual(strip(readFileSync(output, "utf8")), strip(intakeAnswer.stdout));
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith(".tmp")),
      [],
    );
  });

  for (const columns of [80, 200]) {
    test(`on a terminal of ${columns} columns a series is a chart`, async () => {
      const tmux = new Tmux(columns, 24);
      try {
        const args = `--data ${data} --since 4h --step 10m --no-color`;
        tmux.type(`clear; node ${NPMON} query ${args}; echo "status $?"`);
        const screen = await tmux.until("the chart", (text) => /^status \d/m.test(text));
        assert.match(screen, /^status 0/m);
        assert.match(screen, /2 hosts: web-1, web-2/);
        assert.match(screen, /windows of 10 min +rows 2/);
        assert.match(screen, /^web .*\?+.*[▁▂▃▄▅▆▇█]/m);
        assert.match(screen, /└\d\d:\d\d/);
        assert.match(screen, /\? no host reported/);
      } finally {
        tmux.close();
      }
    });
  }
});

for (const [args, says] of [
  [["--config", empty], /there is no intake to ask\n.*--intake URL.*--data DIR/],
  [["--intake", "https://a:1", "--data", "/tmp"], /cannot also be provided/],
  [["--intake", "file:/tmp/x"], /--intake: expected a URL/],
  [
    ["--data", "/nonexistent", "--step", "5m", "--compare", "24h"],
    /--step and --compare cannot.*\n.*--until/,
  ],
  [["--data", "/nonexistent", "--since", "1h", "--until", "2h"], /--since .* before --until/],
  [["--data", "/nonexistent", "--since", "5d", "--step", "1s"], /windows, at most 2000\n.*--step/],
  [["--data", "/nonexistent", "-s", "color"], /--sort: there is no column "color"/],
] as const) {
  test(`\`npmon query ${args.join(" ")}\` says what is wrong`, async () => {
    const { status, stdout, stderr } = await query(...args);
    assert.deepEqual([status, stdout], [2, ""], stderr);
    assert.match(stderr, says);
  });
}

test("a folder that is none is told", async () => {
  const { status, stderr } = await query("--data", "/nonexistent");
  assert.equal(status, 1);
  assert.match(stderr, /cannot use \/nonexistent.*\n.*--data names the folder of an intake/);
});
