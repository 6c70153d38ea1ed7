import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { startHold, startServer } from "../traffic/traffic.ts";
import { Tmux } from "../view/fixtures/tmux.ts";
import { Attachment } from "./attached.ts";
import { kill, until } from "./deadline.ts";
import { ended, NPMON, npmon, startNpmon, tracing } from "./npmon.ts";

const TRACING = /^npmon: tracing [^\n]*\n$/;
const folder = mkdtempSync(join(tmpdir(), "npmon-safety-"));
after(() => rmSync(folder, { recursive: true }));

let folders = 0;
/** A folder of its own for each test, so that everything in it is known. */
function freshFolder(): string {
  const path = join(folder, String(folders++));
  mkdirSync(path);
  return path;
}

const ENDINGS = [
  { title: "kill -9", args: ["-d", "1h"], signal: "SIGKILL", status: "SIGKILL" },
  { title: "SIGINT", args: ["-d", "1h"], signal: "SIGINT", status: 0 },
  { title: "SIGTERM", args: ["-d", "1h"], signal: "SIGTERM", status: 0 },
  { title: "SIGHUP", args: ["-d", "1h"], signal: "SIGHUP", status: 0 },
  { title: "its normal end", args: ["-d", "1"], signal: null, status: 0 },
] as const;

for (const { title, args, signal, status } of ENDINGS) {
  test(`nothing stays attached after ${title} of an export`, async (context) => {
    const attachment = new Attachment();
    const child = startNpmon(["export", ...args]);
    context.after(() => child.kill("SIGKILL"));
    const result = ended(child);
    await tracing(child);
    await attachment.note(child.pid ?? 0);
    if (signal !== null) child.kill(signal);
    const { status: found, stdout, stderr } = await result;
    assert.equal(found, status);
    assert.match(stderr, TRACING);
    assert.equal(stdout.split("\n").length - 1, status === 0 ? 1 : 0, "one snapshot, or none when killed");
    await attachment.assertGone();
  });
}

test("nothing stays attached after kill -9 of a full-screen top", async (context) => {
  const attachment = new Attachment();
  const tmux = new Tmux(80, 24);
  context.after(() => tmux.close());
  tmux.type(`echo $$ > ${folder}/pid; exec ${process.execPath} ${NPMON} top`);
  await tmux.until("the view", (screen) => screen.includes("q quit") && screen.includes("flows "));
  const pid = Number(readFileSync(`${folder}/pid`, "utf8"));
  await attachment.note(pid);
  // npmon has taken the place of the shell, and without this tmux would end with it.
  execFileSync("tmux", ["-S", tmux.format("#{socket_path}"), "set-option", "-g", "remain-on-exit", "on"]);
  kill(pid);
  await attachment.assertGone();
});

for (const [command, args] of [
  ["export", ["--table"]],
  ["top", ["-b"]],
] as const) {
  test(`${command} says once that it traces, and nothing with --quiet`, async () => {
    const usual = await npmon([command, ...args, "-d", "0.1", "-c", "3"]);
    assert.match(usual.stderr, TRACING);
    const quiet = await npmon([command, ...args, "-d", "0.1", "-c", "3", "--quiet"]);
    assert.equal(quiet.stderr, "");
    for (const { status, stdout } of [usual, quiet]) {
      assert.equal(status, 0);
      assert.equal(stdout.match(/^host /gm)?.length, 3);
    }
  });
}

/** Runs a line of bash; `$0` and `$1` in it start npmon. */
function bash(line: string, parameters: readonly string[] = []) {
  const args = ["-c", line, process.execPath, NPMON, ...parameters];
  return ended(spawn("bash", args, { stdio: ["ignore", "pipe", "pipe"] }));
}

test("a reader who has read enough ends top quietly", { timeout: 20_000 }, async () => {
  const line = '"$0" "$1" top -b -d 0.2 | head -3; exit ${' + "PIPESTATUS[0]}";
  const { status, stdout, stderr } = await bash(line);
  assert.equal(status, 0);
  assert.match(stdout, /^host [^\n]*\n[^\n]*\n[^\n]*\n$/);
  assert.match(stderr, TRACING);
});

test("a reader who has read enough ends an export long before its count", { timeout: 20_000 }, async () => {
  const line = '"$0" "$1" export --json -c 100000 -d 0.1 | head -1; exit ${' + "PIPESTATUS[0]}";
  const { status, stdout, stderr } = await bash(line);
  assert.equal(status, 0);
  assert.equal(JSON.parse(stdout).schema, "npmon.snapshot/1");
  assert.match(stderr, TRACING);
});

test("top prints as many tables into a file as it was asked for", async () => {
  const path = join(freshFolder(), "tables");
  const { status } = await bash(`"$0" "$1" top -b -d 0.2 -c 3 > '${path}'`);
  assert.equal(status, 0);
  const tables = readFileSync(path, "utf8").split("\n\n");
  assert.equal(tables.length, 3);
  for (const table of tables) assert.match(table, /^host .*\n.+/);
  assert.match(tables[0] ?? "", /^host .*\nflows \d+ .*\n.+/, "the first says all there is to say");
});

for (const command of ["export -d 0.1", "top -b -d 0.1 -c 2"]) {
  test(`${command.split(" ")[0]} keeps the old file and leaves no other when the disk is full`, async () => {
    const path = freshFolder();
    const { status, stdout, stderr } = await ended(
      spawn(
        "unshare",
        ["-m", "bash", "-c", FULL_DISK, path, process.execPath, NPMON, ...command.split(" ")],
        {
          stdio: ["ignore", "pipe", "pipe"],
        },
      ),
    );
    assert.equal(status, 1);
    const [tracingLine, error, remedy, ...more] = stderr.trimEnd().split("\n");
    assert.match(tracingLine ?? "", /^npmon: tracing/);
    assert.match(error ?? "", /^npmon: cannot write .*saved\.json: ENOSPC/);
    assert.match(remedy ?? "", /room/);
    assert.deepEqual(more, []);
    assert.match(stdout, /full-disk: old saved\.json\n$/);
  });
}

for (const command of ["export -d 0.1", "export -d 0.1 --csv", "top -b -d 0.1 -c 2"]) {
  test(`${command} says in one line that the disk behind its standard output is full`, async () => {
    const { status, stderr } = await bash('"$0" "$@" > /dev/full', command.split(" "));
    assert.equal(status, 1);
    const [tracingLine, error, ...more] = stderr.trimEnd().split("\n");
    assert.match(tracingLine ?? "", /^npmon: tracing/);
    assert.match(error ?? "", /^npmon: .*ENOSPC/);
    assert.ok(more.length <= 1, stderr);
  });
}

/** A disk of a few pages that is filled to the last byte, in a mount namespace that ends with the shell. */
const FULL_DISK = `
  mount -t tmpfs -o size=64k none "$0" || exit 99
  echo old > "$0/saved.json"
  command=("$@" -o "$0/saved.json")
  cat /dev/zero > "$0/filler" 2>/dev/null
  "\${command[@]}"
  status=$?
  rm "$0/filler"
  echo "full-disk: $(cat "$0/saved.json") $(ls "$0")"
  exit $status
`;

test("a killed export leaves the old file as it was", async () => {
  const path = freshFolder();
  const saved = join(path, "saved.json");
  writeFileSync(saved, "old\n");
  const child = startNpmon(["export", "-d", "0.1", "-c", "100000", "-o", saved]);
  const result = ended(child);
  try {
    const temporary = `${saved}.${child.pid}.tmp`;
    await until("a snapshot in the temporary file", () => {
      return readdirSync(path).includes(`saved.json.${child.pid}.tmp`) && statSync(temporary).size > 0;
    });
    assert.equal(readFileSync(saved, "utf8"), "old\n", "not touched while it runs");
    child.kill("SIGKILL");
    await result;
    assert.equal(readFileSync(saved, "utf8"), "old\n");
    assert.equal(statSync(temporary).isFile(), true, "what it had so far");
  } finally {
    child.kill("SIGKILL");
  }
});

test("an output file that ends well takes the place of the old one at once", async () => {
  const path = freshFolder();
  const saved = join(path, "saved.json");
  writeFileSync(saved, "old\n");
  const reader = openSync(saved, "r");
  const { status } = await npmon(["export", "-d", "0.1", "-o", saved]);
  assert.equal(status, 0);
  assert.equal(readFileSync(reader, "utf8"), "old\n", "who has the old one open keeps it whole");
  closeSync(reader);
  assert.equal(JSON.parse(readFileSync(saved, "utf8")).schema, "npmon.snapshot/1");
  assert.deepEqual(readdirSync(path), ["saved.json"]);
});

test("an output that is a folder leaves no temporary file beside it", async () => {
  const path = freshFolder();
  const target = join(path, "folder");
  mkdirSync(target);
  const { status, stderr } = await npmon(["export", "-d", "0.1", "-o", target]);
  assert.equal(status, 1);
  assert.match(stderr, /cannot replace/);
  assert.deepEqual(readdirSync(path), ["folder"]);
});

test("an output that is a named pipe is written to and not replaced", async (context) => {
  const saved = join(freshFolder(), "pipe");
  execFileSync("mkfifo", [saved]);
  const reader = spawn("cat", [saved], { stdio: ["ignore", "pipe", "pipe"] });
  context.after(() => reader.kill("SIGKILL"));
  const read = ended(reader);
  const { status } = await npmon(["export", "-d", "0.1", "-o", saved]);
  assert.equal(status, 0);
  assert.equal(statSync(saved).isFIFO(), true, "as /dev/null must stay a device");
  assert.equal(JSON.parse((await read).stdout).schema, "npmon.snapshot/1");
});

test("the second Ctrl-C ends an export at once that cannot get rid of its snapshot", async (context) => {
  const pipe = join(freshFolder(), "pipe");
  execFileSync("mkfifo", [pipe]);
  // Open for reading as well, so that there is a reader, who never reads.
  const stdout = openSync(pipe, constants.O_RDWR);
  const feeler = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
  const attachment = new Attachment();
  await using server = await startServer();
  await using hold = await startHold({ to: server.target, connections: 200 });
  assert.equal(hold.open, 200);
  const child = startNpmon(["export", "-g", "flow", "-d", "1h"], { stdio: ["ignore", stdout, "pipe"] });
  context.after(() => {
    child.kill("SIGKILL");
    closeSync(stdout);
    closeSync(feeler);
  });
  const result = ended(child);
  await tracing(child);
  await attachment.note(child.pid ?? 0);
  child.kill("SIGINT");
  await until("a full pipe", () => isFull(feeler));
  child.kill("SIGINT");
  const sentAt = performance.now();
  const { status } = await Promise.race([result, setTimeout(5000, { status: "still runs" }, { ref: false })]);
  assert.equal(status, 130, `after ${Math.round(performance.now() - sentAt)} ms`);
  await attachment.assertGone();
});

/** Puts in a byte to find out. */
function isFull(descriptor: number): boolean {
  try {
    writeSync(descriptor, " ");
    return false;
  } catch (error) {
    assert.match(String(error), /EAGAIN/);
    return true;
  }
}

test("a process that gets thousands of signals a second while it starts still gets its programs into the kernel", async () => {
  // the profiler of Node stops the main thread with SIGPROF, and a pending signal ends the kernel's verification
  const flags = ["--cpu-prof", "--cpu-prof-interval", "200", "--cpu-prof-dir", freshFolder()];
  const child = spawn(process.execPath, [...flags, NPMON, "export", "-d", "200ms", "--json"]);
  const { status, stdout, stderr } = await ended(child);
  assert.equal(status, 0, stderr);
  assert.notEqual(JSON.parse(stdout).probe.tier, "sockdiag", stderr);
});
