import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ended, NPMON, npmon } from "./npmon.ts";

const folder = mkdtempSync(join(tmpdir(), "npmon-input-"));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

interface Case {
  readonly title: string;
  readonly args: readonly string[];
  readonly status: number;
  readonly says: RegExp;
}

const CASES: readonly Case[] = [
  {
    title: "an unknown tag",
    args: ["export", "-g", "servce"],
    status: 2,
    says: /column 1: .*"servce".*did you mean `service`/,
  },
  {
    title: "an unknown tag in the middle",
    args: ["top", "-g", "service, prot"],
    status: 2,
    says: /column 10: .*`port`|column 10/,
  },
  {
    title: "a bad duration",
    args: ["export", "-d", "5 parsecs"],
    status: 2,
    says: /--interval: .*5 parsecs.*500ms/,
  },
  {
    title: "a duration of nothing",
    args: ["export", "-d", "0"],
    status: 2,
    says: /--interval: .*50ms to 24h/,
  },
  {
    title: "a count that is no number",
    args: ["top", "-b", "-c", "many"],
    status: 2,
    says: /--count: .*many/,
  },
  {
    title: "a sort column that is not there",
    args: ["top", "-b", "-s", "speed"],
    status: 2,
    says: /--sort: .*speed/,
  },
  { title: "a flag that does not exist", args: ["export", "--jsn"], status: 2, says: /--jsn/ },
  { title: "two formats at once", args: ["export", "--table", "--csv"], status: 2, says: /--csv|--table/ },
  { title: "IPv4 only and IPv6 only", args: ["export", "-4", "-6"], status: 2, says: /--ipv[46]/ },
  { title: "a probe that does not exist", args: ["export", "--probe", "magic"], status: 2, says: /magic/ },
  { title: "a command that does not exist", args: ["exprot"], status: 2, says: /exprot/ },
  {
    title: "a filter with an unknown tag",
    args: ["export", "-f", "-servce:web"],
    status: 2,
    says: /--filter, column 2: .*"servce".*did you mean `service`/,
  },
  {
    title: "a filter that the full screen would be opened for",
    args: ["top", "--filter=(a OR b"],
    status: 2,
    says: /--filter, column 1: this \( has no \)/,
  },
  {
    title: "a file that is not there",
    args: ["export", "--from", join(folder, "nowhere")],
    status: 1,
    says: /nowhere: there is no such file/,
  },
  { title: "a directory as file", args: ["export", "--from", folder], status: 1, says: /it is a directory/ },
  {
    title: "an empty file",
    args: ["export", "--from", file("empty", "\n\n")],
    status: 1,
    says: /empty: the file is empty/,
  },
  {
    title: "a file of something else",
    args: ["export", "--from", file("noise", "hello\n")],
    status: 1,
    says: /noise line 1: this is not JSON/,
  },
  {
    title: "JSON of something else",
    args: ["export", "--from", file("other", '\n{"a":1}\n')],
    status: 1,
    says: /other line 2: this is not a snapshot of schema npmon\.snapshot\/1/,
  },
  {
    title: "rows in the place of snapshots",
    args: ["export", "--from", file("rows", '{"bytes_sent":1}\n')],
    status: 1,
    says: /export --json/,
  },
  {
    title: "a binary file",
    args: ["export", "--from", file("binary", "\u0000\u0001\u001b[2J\ufffd\n")],
    status: 1,
    says: /this is not JSON/,
  },
  {
    title: "an output file in no folder",
    args: ["export", "-d", "0.1", "-o", join(folder, "no/such/file")],
    status: 1,
    says: /cannot write .*no\/such\/file/,
  },
  {
    title: "an output file that is a directory",
    args: ["export", "-d", "0.1", "-o", folder],
    status: 1,
    says: /cannot replace/,
  },
];

/** Everything a person may be told, and nothing of the program's insides. */
function assertReadable(stderr: string): void {
  assert.doesNotMatch(stderr, /^\s+at .*\(/m, "no stack trace");
  assert.doesNotMatch(stderr.replaceAll("\n", ""), /\p{Cc}/u, "no control characters");
  const lines = stderr
    .trimEnd()
    .split("\n")
    .filter((line) => !line.startsWith("npmon: tracing"));
  assert.match(lines[0] ?? "", /^npmon: /);
  assert.ok(lines.length <= 2, stderr);
}

for (const { title, args, status, says } of CASES) {
  test(`${title} is refused in one line with exit code ${status}`, async () => {
    const result = await npmon(args);
    assert.equal(result.status, status, result.stderr);
    assert.match(result.stderr, says);
    assert.equal(result.stdout, "");
    assertReadable(result.stderr);
  });
}

test("with --json the error is JSON", async () => {
  const { status, stderr } = await npmon(["export", "--json", "-g", "\u001b[31mtag"]);
  assert.equal(status, 2);
  const { error } = JSON.parse(stderr);
  assert.deepEqual(Object.keys(error), ["code", "message", "remedy", "exit_code", "column"]);
  assert.deepEqual([error.code, error.exit_code], ["usage", 2]);
  assert.doesNotMatch(stderr.trimEnd(), /\p{Cc}/u);
});

test("root without any capability is told which ones are needed", async () => {
  const dropped = [
    "--inh-caps=-all",
    "--bounding-set=-all",
    process.execPath,
    NPMON,
    "export",
    "--probe",
    "tracepoint",
  ];
  const result = await ended(spawn("setpriv", dropped, { stdio: ["ignore", "pipe", "pipe"] }));
  assert.equal(result.status, 3);
  assert.match(result.stderr, /CAP_BPF, CAP_PERFMON/);
  assertReadable(result.stderr);
});

/** Runs npmon in a mount namespace of its own, where `command` has changed something first. */
function npmonWhere(command: string): ReturnType<typeof npmon> {
  const script = `${command} && exec "$0" "$@"`;
  const args = [
    "-m",
    "sh",
    "-c",
    script,
    process.execPath,
    NPMON,
    "export",
    "-d",
    "0.1",
    "--probe",
    "tracepoint",
  ];
  return ended(spawn("unshare", args, { stdio: ["ignore", "pipe", "pipe"] }));
}

test("a host without libbpf is told what to install", async () => {
  const library = execFileSync("ldconfig", ["-p"], { encoding: "utf8" }).match(
    /libbpf\.so\.1 .*=> (\S+)/,
  )?.[1];
  assert.ok(library !== undefined);
  const result = await npmonWhere(`mount --bind /dev/null ${library}`);
  assert.equal(result.status, 1);
  assert.match(result.stderr, /libbpf\.so\.1/);
  assert.match(result.stderr, /apt-get install libbpf1/);
  assertReadable(result.stderr);
});

test("a kernel without type information is named as unsupported", async () => {
  const result = await npmonWhere("mount -t tmpfs none /sys/kernel/btf");
  assert.equal(result.status, 4);
  assert.match(result.stderr, /BTF/);
  assertReadable(result.stderr);
});
