import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { startHold, startServer, type TrafficHold, type TrafficServer } from "../traffic/traffic.ts";
import { createSnapshot, QUIET_PROBE } from "../view/fixtures/snapshots.ts";
import { Tmux } from "../view/fixtures/tmux.ts";
import { Attachment } from "./attached.ts";
import { kill, until } from "./deadline.ts";
import { NPMON, npmon } from "./npmon.ts";

const COMMAND = `${process.execPath} ${NPMON} top`;
/** A conversation that is always there, seen from its client. */
const ROW = /npmon-till +npmon-shop +\S/;
const ESCAPE = "\x1b";
const COLOR = new RegExp(`${ESCAPE}\\[(?:\\d+;)*(?:[34]\\d|9\\d|10\\d)(?:;\\d+)*m`);

const folder = mkdtempSync(join(tmpdir(), "npmon-top-"));
let server: TrafficServer;
let hold: TrafficHold;
before(async () => {
  server = await startServer({ env: { DD_SERVICE: "npmon-shop" } });
  hold = await startHold({ to: server.target, connections: 2, env: { DD_SERVICE: "npmon-till" } });
});
after(async () => {
  await hold.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

function open(context: TestContext, columns = 80, rows = 24): Tmux {
  const tmux = new Tmux(columns, rows);
  // The server may be gone with its last shell, which is what some tests are about.
  context.after(() => {
    try {
      tmux.close();
    } catch {}
  });
  return tmux;
}

/** What tmux itself can do beyond what {@link Tmux} needs. */
function tmuxDo(tmux: Tmux, ...args: readonly string[]): string {
  return execFileSync("tmux", ["-u", "-S", tmux.format("#{socket_path}"), ...args], { encoding: "utf8" });
}

function childOf(tmux: Tmux): number {
  return Number(execFileSync("pgrep", ["-P", tmux.format("#{pane_pid}")], { encoding: "utf8" }).trim());
}

/** Looks at the conversation of this file alone, whatever else the machine does. */
function top(tmux: Tmux, args = `-p ${hold.pid}`, environment = ""): void {
  tmux.type(`clear; ${environment} ${COMMAND} ${args}; echo "status $?"`);
}

async function untilDrawn(tmux: Tmux): Promise<void> {
  await tmux.until("the conversation", (screen) => ROW.test(screen) && screen.includes(" q quit"));
}

async function assertWhole(tmux: Tmux, modesBefore: string): Promise<void> {
  assert.equal(
    tmux.format("#{alternate_on} #{cursor_flag} #{wrap_flag} #{mouse_any_flag} #{keypad_flag}"),
    "0 1 1 0 0",
  );
  assert.equal(await tmux.modes(), modesBefore);
}

for (const [columns, rows] of [
  [80, 24],
  [200, 50],
] as const) {
  test(`${columns}x${rows} is full of real traffic soon after the start`, async (context) => {
    const tmux = open(context, columns, rows);
    await tmux.until("a shell", (screen) => screen.includes("ready>"));
    const startedAt = performance.now();
    top(tmux);
    await untilDrawn(tmux);
    const tookMs = Math.round(performance.now() - startedAt);
    context.diagnostic(`first table after ${tookMs} ms at ${columns}x${rows}; meant to be within 1000`);
    assert.ok(tookMs < 10_000);
    await hold.send(1_000_000);
    // A narrow screen has no room for totals; there the rate shows for one second.
    const moved = columns < 100 ? /npmon-till +npmon-shop +[1-9]/ : /npmon-till +npmon-shop .*1\.91 MiB/;
    const screen = await tmux.until("the bytes", (text) => moved.test(text));
    const lines = screen.trimEnd().split("\n");
    assert.equal(lines.length, rows);
    assert.match(lines[0] ?? "", /^npmon {2}host .* tier tracepoint/);
    assert.match(lines[1] ?? "", /^flows \d+ {2}lost \d+ /);
    assert.match(lines.at(-1) ?? "", /^ q quit/);
    tmux.keys("q");
    await tmux.until("the end", (text) => text.includes("status 0"));
  });
}

const ENDINGS = [
  { title: "q", end: (tmux: Tmux) => tmux.keys("q"), status: 0 },
  { title: "Ctrl-C", end: (tmux: Tmux) => tmux.keys("C-c"), status: 0 },
  { title: "SIGTERM", end: (tmux: Tmux) => kill(childOf(tmux), "SIGTERM"), status: 0 },
  { title: "SIGINT", end: (tmux: Tmux) => kill(childOf(tmux), "SIGINT"), status: 0 },
  { title: "SIGHUP", end: (tmux: Tmux) => kill(childOf(tmux), "SIGHUP"), status: 129 },
] as const;

for (const { title, end, status } of ENDINGS) {
  test(`${title} gives the terminal back, ${status === 0 ? "shows the last table" : "shows no table"} and leaves nothing attached`, async (context) => {
    const tmux = open(context);
    const modes = await tmux.modes();
    const attachment = new Attachment();
    top(tmux);
    await untilDrawn(tmux);
    assert.equal(tmux.format("#{alternate_on} #{cursor_flag}"), "1 0");
    await attachment.note(childOf(tmux));
    end(tmux);
    const screen = await tmux.until("the end", (text) => /^status \d+$/m.test(text));
    assert.match(screen, new RegExp(`^status ${status}$`, "m"));
    assert.equal(ROW.test(screen), status === 0, screen);
    assert.equal(screen.match(/^host .* tier tracepoint$/gm)?.length ?? 0, status === 0 ? 1 : 0, screen);
    if (status === 0) assert.equal(screen.match(/^npmon: tracing /gm)?.length, 1, screen);
    await attachment.assertGone();
    await assertWhole(tmux, modes);
  });
}

test("nothing stays when the shell is killed under it", async (context) => {
  const tmux = open(context);
  tmuxDo(tmux, "set-option", "-g", "remain-on-exit", "on");
  const words = join(folder, "words");
  const attachment = new Attachment();
  top(tmux, `-p ${hold.pid} 2> ${words}`);
  await untilDrawn(tmux);
  const pid = childOf(tmux);
  await attachment.note(pid);
  kill(Number(tmux.format("#{pane_pid}")));
  await attachment.assertGone();
  await until("the end of npmon", () => !isRunning(pid));
  assert.doesNotMatch(tmux.screen(), /^host /m, "no table on a terminal that is gone");
  assert.match(readFileSync(words, "utf8"), /^npmon: tracing [^\n]*\n$/);
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("a screen without rows says why", async (context) => {
  const tmux = open(context, 120, 24);
  const idle = spawn("sleep", ["1000"], { stdio: "ignore" });
  context.after(() => idle.kill("SIGKILL"));
  top(tmux, `-p ${idle.pid}`);
  const screen = await tmux.until("the reason", (text) => text.includes("no flow matched"));
  const said =
    /no flow matched the filter in the last [\d.]+ (?:ms|s) \((\d+) open connections are followed\)/;
  assert.ok(Number(said.exec(screen)?.[1]) >= 4, screen);
  assert.match(screen, new RegExp(`filter: source\\.pid:${idle.pid}`));
  tmux.keys("q");
  await tmux.until("the end", (text) => text.includes("status 0"));

  const quiet = join(folder, "quiet.json");
  const snapshot = createSnapshot({ flows: [], probe: { ...QUIET_PROBE, flows: 0, tracked: 0 } });
  writeFileSync(quiet, `${JSON.stringify(snapshot)}\n`);
  top(tmux, `--from ${quiet}`);
  await tmux.until("the reason", (text) =>
    text.includes("no traffic seen in the last 1 s (0 open connections are followed)"),
  );
  tmux.keys("q");
  await tmux.until("the end", (text) => text.includes("status 0"));
});

test("a storm of resizes leaves a screen that fits", async (context) => {
  const tmux = open(context);
  const modes = await tmux.modes();
  top(tmux);
  await untilDrawn(tmux);
  for (let index = 0; index < 20; index++) tmux.resize(20 + ((index * 37) % 180), 4 + ((index * 13) % 50));
  tmux.resize(100, 30);
  const screen = await tmux.until("a screen that fits", (text) => {
    const lines = text.trimEnd().split("\n");
    return lines.length === 30 && lines.at(-1)?.startsWith(" q quit") === true && ROW.test(text);
  });
  assert.match(screen, /^npmon {2}host /);
  tmux.resize(80, 24);
  await untilDrawn(tmux);
  tmux.keys("q");
  await tmux.until("the end", (text) => text.includes("status 0"));
  await assertWhole(tmux, modes);
});

test("a recorded file plays, and its last screen stays until q", async (context) => {
  const recorded = join(folder, "recorded.json");
  const { status, stdout } = await npmon([
    "top",
    "-b",
    "-d",
    "0.3",
    "-c",
    "3",
    "-o",
    recorded,
    "-p",
    String(hold.pid),
  ]);
  assert.equal(status, 0);
  assert.equal(stdout.match(/^host /gm)?.length, 3);
  assert.equal(readFileSync(recorded, "utf8").trimEnd().split("\n").length, 3);
  const tmux = open(context);
  const modes = await tmux.modes();
  top(tmux, `--from ${recorded}`);
  await tmux.until("the end of the file", (text) => text.includes("END OF DATA") && ROW.test(text));
  const pid = childOf(tmux);
  tmux.keys("j");
  await tmux.until("the same screen", (text) => text.includes("END OF DATA") && ROW.test(text));
  assert.equal(isRunning(pid), true);
  tmux.keys("q");
  const screen = await tmux.until("the end", (text) => text.includes("status 0"));
  assert.match(screen, ROW);
  assert.doesNotMatch(screen, /npmon: tracing/);
  await assertWhole(tmux, modes);
});

test("a recording stops, steps back and on, and answers what it was not asked when it was made", async (context) => {
  const recorded = join(folder, "ungrouped.json");
  const args = ["top", "-b", "-g", "flow", "-d", "0.3", "-c", "3", "-o", recorded, "-p", String(hold.pid)];
  assert.equal((await npmon(args)).status, 0);
  const tmux = open(context, 120, 30);
  top(tmux, `--from ${recorded}`);
  await tmux.until("the end, by service", (text) => text.includes("END OF DATA 3/3") && ROW.test(text));
  tmux.keys(",");
  await tmux.until("a step back", (text) => text.includes("PAUSED 2/3"));
  tmux.keys("Enter");
  await tmux.until(
    "its process",
    (text) => text.includes("all › npmon-till → npmon-shop") && text.includes(` ${hold.pid} `),
  );
  tmux.keys("Enter");
  await tmux.until(
    "its two connections",
    (text) => text.match(new RegExp(` ${server.port} `, "g"))?.length === 2,
  );
  tmux.keys(".");
  await tmux.until(
    "a step on",
    (text) => text.includes("END OF DATA 3/3") && text.includes("all › npmon-till"),
  );
  tmux.keys("q");
  await tmux.until("the end", (text) => text.includes("status 0"));
});

test("what is asked on the screen is answered live, and the recording has every moment of it", async (context) => {
  const recorded = join(folder, "asked.json");
  const written = join(folder, "written.json");
  const tmux = open(context, 120, 30);
  top(tmux, `-p ${hold.pid} -d 0.5 -o ${recorded}`);
  await untilDrawn(tmux);
  tmux.keys("Enter");
  await tmux.until(
    "the process",
    (text) => text.includes("all › npmon-till → npmon-shop") && text.includes(` ${hold.pid} `),
  );
  tmux.keys("w", "C-u");
  tmux.keys("-l", written);
  tmux.keys("Enter");
  await tmux.until("that it was written", (text) => text.includes(`wrote ${written}`));
  tmux.keys("w", "C-u");
  tmux.keys("-l", written);
  tmux.keys("Enter");
  await tmux.until("that it is not written over", (text) => text.includes("exists; nothing was written"));
  tmux.keys("Escape");
  await untilDrawn(tmux);
  tmux.keys("+");
  await tmux.until("a longer window", (text) => text.includes("UTC (1 s)"));
  tmux.keys("q");
  await tmux.until("the end", (text) => text.includes("status 0"));

  const [snapshot] = readSnapshots(written);
  assert.equal(snapshot?.group_by[0], "source.process");
  assert.deepEqual(
    snapshot?.flows.map(({ source }) => source?.pid),
    [hold.pid],
  );
  const snapshots = readSnapshots(recorded);
  assert.deepEqual(
    snapshots.map(({ group_by }) => group_by[0]).filter((name, index, all) => name !== all[index - 1]),
    ["source.service", "source.process", "source.service"],
  );
  for (const [index, { start }] of snapshots.entries()) {
    if (index > 0) assert.equal(start, snapshots[index - 1]?.end, "nothing is left out between two");
  }
});

function readSnapshots(path: string): readonly Snapshot[] {
  return readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("a terminal that can do nothing gets plain tables", async (context) => {
  const tmux = open(context, 180, 50);
  top(tmux, `-p ${hold.pid} -c 2 -d 0.3`, "TERM=dumb");
  const screen = await tmux.until("the end", (text) => text.includes("status 0"));
  assert.equal(screen.match(/^host /gm)?.length, 2);
  assert.match(screen, ROW);
  assert.equal(tmux.format("#{alternate_on}"), "0");
});

test("colours are there, but not with NO_COLOR", async (context) => {
  for (const { environment, args, expected } of [
    { environment: "", args: "", expected: true },
    { environment: "NO_COLOR=1", args: "", expected: false },
    { environment: "", args: " --no-color", expected: false },
  ]) {
    const tmux = open(context);
    top(tmux, `-p ${hold.pid}${args}`, environment);
    await untilDrawn(tmux);
    assert.equal(COLOR.test(tmuxDo(tmux, "capture-pane", "-e", "-p")), expected, `${environment} ${args}`);
    tmux.keys("q");
    await tmux.until("the end", (text) => text.includes("status 0"));
    assert.equal(COLOR.test(tmuxDo(tmux, "capture-pane", "-e", "-p")), expected, `last table ${environment}`);
  }
});

test("a file damaged in its second line ends with the terminal whole and one line of error", async (context) => {
  const damaged = join(folder, "damaged.json");
  writeFileSync(damaged, `${JSON.stringify(createSnapshot())}\n{"schema":"npmon.snap\n`);
  const tmux = open(context, 120, 24);
  const modes = await tmux.modes();
  top(tmux, `--from ${damaged}`);
  const screen = await tmux.until("the end", (text) => /^status \d+$/m.test(text));
  assert.match(
    screen,
    /^npmon: \S*damaged\.json line 2: the snapshot is cut off\n {2}Saved snapshots[^\0]*status 1$/m,
  );
  assert.doesNotMatch(screen, /^\s+at /m);
  await assertWhole(tmux, modes);
});
