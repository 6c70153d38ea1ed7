import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Ended, ended, NPMON, npmon } from "./npmon.ts";
import { read, states } from "./status-lines.ts";

const folder = mkdtempSync(join(tmpdir(), "npmon-status-"));
after(() => rmSync(folder, { recursive: true }));

/** Runs `npmon status --json` after these words. */
function within(...words: readonly string[]): Promise<Ended> {
  const [program = "", ...args] = [...words, process.execPath, NPMON, "status", "--json"];
  return ended(spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] }));
}

test("root is told that a tier works, what its maps will take and that nothing fails", async () => {
  const run = await npmon(["status", "--json"]);
  assert.equal(run.status, 0, run.stderr + run.stdout);
  assert.equal(run.stderr, "");
  const lines = read(run);
  const usable = ["tier kprobe", "tier tracepoint"].map((name) => lines.get(name));
  assert.ok(usable.some((line) => line?.value.startsWith("works, in use")));
  assert.match(lines.get("map memory")?.value ?? "", /MiB for 65536 connections; most for \w+ /);
  assert.match(lines.get("libbpf")?.value ?? "", /^v?\d+\.\d+/);
  assert.equal(states(lines, "kernel", "BTF", "capabilities"), "ok ok ok");
});

test("piped, the table has words and no escapes; sockdiag asked for is no failure", async () => {
  const { status, stdout } = await npmon(["status", "--probe", "sockdiag"], {
    env: { ...process.env, TERM: "xterm-256color" },
  });
  assert.equal(status, 0);
  assert.ok(!stdout.includes("\u001b"));
  assert.match(stdout, /^! limited {2}tier sockdiag +works, in use: TCP of this network namespace/m);
  assert.match(stdout, /^npmon traces with the sockdiag tier: .*; exit code 0\n$/m);
});

test("a user is told to be root, exit code 3, and has sockdiag", async () => {
  const run = await within("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups");
  assert.equal(run.status, 3, run.stderr + run.stdout);
  const lines = read(run);
  assert.equal(states(lines, "capabilities", "tier tracepoint"), "failing failing");
  assert.equal(lines.get("capabilities")?.cause, "privilege");
  assert.match(lines.get("tier sockdiag")?.value ?? "", /^works, in use/);
  assert.match(lines.get("processes")?.value ?? "", /let their environment be read/);
});

test("in namespaces as of a container without privileges it says what to start it with", async () => {
  // Namespaces and capabilities as `docker run` gives them; the engine's own image has no Node.
  const caps = "-all,+chown,+dac_override,+fowner,+setuid,+setgid,+net_bind_service";
  const run = await within(
    ...["unshare", "--mount", "--pid", "--cgroup", "--fork", "--mount-proc"],
    ...["env", "container=docker", "setpriv", `--inh-caps=${caps}`, `--bounding-set=${caps}`],
  );
  assert.equal(run.status, 3, run.stderr + run.stdout);
  const lines = read(run);
  assert.equal(
    states(lines, "capabilities", "container", "processes", "cgroup v2"),
    "failing limited limited limited",
  );
  const remedies = [...lines.values()].map(({ remedy }) => remedy).join("\n");
  assert.match(remedies, /--cap-add BPF --cap-add PERFMON --cap-add NET_ADMIN --cap-add SYS_PTRACE/);
  assert.match(remedies, /--pid=host/);
  assert.match(remedies, /--cgroupns=host/);
});

test("a configuration that is not right is told with every problem, exit code 1, and the rest is told too", async () => {
  const path = join(folder, "bad.yaml");
  writeFileSync(path, "system_probe_config: {enabled: maybe}\nnpmon: {interval: soon}\n");
  const run = await npmon(["status", "--json", "--config", path]);
  assert.equal(run.status, 1);
  const lines = read(run);
  const { state, details = [] } = lines.get("configuration") ?? {};
  assert.equal(state, "failing");
  assert.match(details.join("\n"), /bad\.yaml:1:32: .*\n.*bad\.yaml:2:19: /);
  assert.equal(states(lines, "kernel"), "ok");
});

test("hostile names in paths and keys reach nobody raw, in neither form", async () => {
  const place = join(folder, "\u001b[2J\u202e\u009b31m");
  mkdirSync(place);
  const path = join(place, "a.yaml");
  writeFileSync(
    path,
    'npmon: {intervall: 1m, forward: {spool_dir: "/x\\e[2J\\u202e"}, container_sockets: ["/x\\e[2J\\a"]}\n',
  );
  for (const form of [[], ["--json"]]) {
    const { status, stdout, stderr } = await npmon(["status", "--config", path, ...form]);
    assert.equal(status, 1, "the engine that was named is not there");
    assert.match(stdout, /did you mean `npmon\.interval`/);
    assert.doesNotMatch((stdout + stderr).replaceAll("\n", ""), /[\p{Cc}\u202e]/u);
  }
});

test("a forwarder that was enabled and does not run fails, with the command that starts it, and its spool is told", async () => {
  const spool = join(folder, "spool");
  mkdirSync(spool);
  writeFileSync(join(spool, "1.json"), "x".repeat(2048));
  const path = join(folder, "on.yaml");
  writeFileSync(
    path,
    `system_probe_config: {enabled: true}\nnpmon: {forward: {to: ["https://intake.example"], spool_dir: ${spool}}}\n`,
  );
  const run = await npmon(["status", "--json", "--config", path]);
  assert.equal(run.status, 1);
  const lines = read(run);
  assert.match(lines.get("forwarder")?.value ?? "", /^enabled, but not running/);
  assert.match(lines.get("forwarder")?.remedy ?? "", /npmon enable --systemd|systemctl start/);
  assert.match(lines.get("spool")?.value ?? "", /: 1 waiting, 2\.00 KiB of /);
});
