import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { startHold, startServer } from "../traffic/traffic.ts";
import { createSnapshot } from "../view/fixtures/snapshots.ts";
import { Tmux } from "../view/fixtures/tmux.ts";
import { kill, until } from "./deadline.ts";
import { ended, NPMON, startNpmon, tracing } from "./npmon.ts";

function freshFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "npmon-slow-"));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A pipe that is full and has a reader, who does not read yet. */
function openFullPipe(context: TestContext) {
  const path = join(freshFolder(context), "pipe");
  execFileSync("mkfifo", [path]);
  const end = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  context.after(() => closeSync(end));
  const writer = openSync(path, constants.O_WRONLY);
  let junk = 0;
  try {
    for (;;) junk += writeSync(end, "\n".repeat(4096));
  } catch (error) {
    assert.match(String(error), /EAGAIN/);
  }
  return {
    writer,
    /** What is in the pipe now. */
    read: (): string => {
      const buffer = Buffer.alloc(1 << 20);
      try {
        return buffer.toString("utf8", 0, readSync(end, buffer));
      } catch {
        return "";
      }
    },
    junk,
  };
}

test("a reader who does not read loses no byte: the snapshot that he gets at last covers it all", async (context) => {
  const pipe = openFullPipe(context);
  await using server = await startServer();
  await using hold = await startHold({ to: server.target, connections: 4 });
  const args = ["export", "--json", "-g", "source.pid", "-p", String(hold.pid), "-d", "0.1", "-c", "8"];
  const child = startNpmon(args, { stdio: ["ignore", pipe.writer, "pipe"] });
  closeSync(pipe.writer);
  context.after(() => child.kill("SIGKILL"));
  const end = ended(child);
  await tracing(child);
  const sent: number[] = [];
  for (let round = 0; round < 10; round++) sent.push(await hold.send(10_001));
  let text = "";
  await until("eight snapshots", () => {
    text += pipe.read();
    return text.trim().split("\n").length >= 8 && text.endsWith("\n");
  });
  assert.equal((await end).status, 0);
  const snapshots: Snapshot[] = (text + pipe.read())
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(snapshots.length, 8);
  for (const [index, snapshot] of snapshots.entries()) {
    if (index > 0) assert.equal(snapshot.start, snapshots[index - 1]?.end);
  }
  const bytes = snapshots.flatMap(({ flows }) => flows).reduce((sum, flow) => sum + flow.bytes_sent, 0);
  assert.equal(
    bytes,
    sent.reduce((sum, more) => sum + more, 0),
  );
});

test("npmon ends also when its reader does not read, and says that something is missing", async (context) => {
  const pipe = openFullPipe(context);
  const child = startNpmon(["top", "-b", "-d", "0.1"], { stdio: ["ignore", pipe.writer, "pipe"] });
  closeSync(pipe.writer);
  context.after(() => child.kill("SIGKILL"));
  const end = ended(child);
  await tracing(child);
  child.kill("SIGTERM");
  const { status, stderr } = await end;
  assert.equal(status, 1);
  assert.match(
    stderr,
    /npmon: standard output has taken nothing for 2 s: the last snapshot is not whole\n {2}Whoever/,
  );
});

/** A terminal that has not changed for so long is stopped: its totals grow with every table. */
const STILL_MS = 500;

test("npmon ends also when its terminal is stopped with Ctrl-S", async (context) => {
  const saved = join(freshFolder(context), "saved.json");
  writeFileSync(saved, `${JSON.stringify(createSnapshot())}\n`);
  const tmux = new Tmux(80, 24);
  context.after(() => tmux.close());
  // Endless, so that what the terminal holds back is more than it has room for.
  const endless = `<(yes "$(cat ${saved})")`;
  tmux.type(`clear; ${process.execPath} ${NPMON} top -b --from ${endless}; echo "status $?"`);
  await tmux.until("tables", (screen) => screen.includes("postgres"));
  const pid = await until("npmon", () => childrenOf(tmux.format("#{pane_pid}")).find(isNpmon));
  tmux.keys("C-s");
  let last = "";
  let changedAt = performance.now();
  await tmux.until("a screen that stands still", (screen) => {
    if (screen !== last) changedAt = performance.now();
    last = screen;
    return performance.now() - changedAt > STILL_MS;
  });
  kill(pid, "SIGTERM");
  await until("the end of npmon", () => !isNpmon(pid));
  tmux.keys("C-q");
  await tmux.until("the end", (text) => text.includes("status 1"));
});

function childrenOf(pid: string): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
}

/** Whether it runs: a dead child that its shell has not looked at yet has no command line. */
function isNpmon(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(NPMON);
  } catch {
    return false;
  }
}
