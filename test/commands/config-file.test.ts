import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { startHold, startServer } from "../traffic/traffic.ts";
import { assertHarmless } from "./harmless.ts";
import { ended, NPMON, npmon, startNpmon, tracing } from "./npmon.ts";

const folder = mkdtempSync(join(tmpdir(), "npmon-config-file-"));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const TINY = file(
  "tiny.yaml",
  "system_probe_config: {max_tracked_connections: 5}\nnpmon: {group_by: source.pid}\n",
);

test("with tables far too small npmon keeps running, shows what waits and what is lost, and the rest is right", async () => {
  await using server = await startServer();
  const child = startNpmon(["export", "--config", TINY, "-d", "0.2", "-c", "1000"]);
  const result = ended(child);
  await tracing(child);
  const hold = await startHold({ to: server.target, connections: 40 });
  await hold.send(1000);
  const client = await hold.stop();
  const accepted = await server.stop();
  child.kill("SIGINT");
  const { status, stdout, stderr } = await result;
  assert.equal(status, 0, stderr);
  const snapshots: Snapshot[] = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.ok(
    snapshots.every(({ probe, group_by }) => probe.capacity === 5 && group_by.join() === "source.pid"),
  );
  assert.ok(snapshots.every(({ probe }) => probe.tracked <= 5));
  const rows = snapshots
    .flatMap(({ flows }) => flows)
    .filter(({ source }) => source?.pid === client.pid || source?.pid === accepted.pid);
  const seen = rows.reduce((sum, row) => sum + row.bytes_sent + row.bytes_received, 0);
  const lost = snapshots.reduce((sum, { probe }) => sum + probe.lost_bytes, 0);
  const moved = [client, accepted].reduce((sum, each) => sum + each.bytes_sent + each.bytes_received, 0);
  // What others on this machine lose is in it too.
  assert.ok(seen <= moved && seen + lost >= moved, `${seen} seen and ${lost} lost of ${moved}`);
});

test("the table says how many connections wait for room", async () => {
  await using server = await startServer();
  await using hold = await startHold({ to: server.target, connections: 40 });
  await hold.send(10);
  const { stdout } = await npmon(["export", "--table", "--config", TINY, "-d", "0.3"]);
  assert.match(stdout, /waiting \d+ \(over capacity 5\)/);
});

describe("flags win over the environment, and that over the file", () => {
  const path = file("layers.yaml", "npmon: {group_by: source.pid, units: bits, probe: sockdiag}\n");
  const settingsOf = async (args: readonly string[], env: Record<string, string>) => {
    const run = await npmon(["export", "--config", path, "-d", "0.1", ...args], {
      env: { ...process.env, ...env },
    });
    assert.equal(run.status, 0, run.stderr);
    const { group_by, probe }: Snapshot = JSON.parse(run.stdout);
    return [group_by.join(), probe.tier];
  };
  test("the file", async () => assert.deepEqual(await settingsOf([], {}), ["source.pid", "sockdiag"]));
  test("the environment", async () =>
    assert.deepEqual(await settingsOf([], { NPMON_GROUP_BY: "source.port" }), ["source.port", "sockdiag"]));
  test("flags", async () =>
    assert.deepEqual(await settingsOf(["-g", "source.ip"], { NPMON_GROUP_BY: "source.port" }), [
      "source.ip",
      "sockdiag",
    ]));
});

/** `file` as seen where it stands for the one under /etc, in a mount namespace that ends with the command. */
function withDefaultFile(
  command: string,
  args: readonly string[],
  within: readonly string[] = [],
): ReturnType<typeof npmon> {
  // A /etc of its own: what is there now, and a folder of npmon's over it.
  const script = `mkdir ${folder}/up ${folder}/work && mount -t tmpfs none ${folder}/up && mkdir ${folder}/up/u ${folder}/up/w && mount -t overlay -o lowerdir=/etc,upperdir=${folder}/up/u,workdir=${folder}/up/w none /etc && mkdir -p /etc/npmon /etc/datadog-agent && ${command} && exec "$0" "$@"`;
  rmSync(join(folder, "up"), { recursive: true, force: true });
  rmSync(join(folder, "work"), { recursive: true, force: true });
  return ended(
    spawn("unshare", ["-m", "sh", "-c", script, ...within, process.execPath, NPMON, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
}

describe("without --config the first file under /etc counts", () => {
  const own = "echo 'npmon: {interval: 1m}' > /etc/npmon/system-probe.yaml";
  const agent = "echo 'npmon: {interval: 2m}' > /etc/datadog-agent/system-probe.yaml";
  const cases: readonly (readonly [what: string, command: string, file: string | null, interval: string])[] =
    [
      ["none", "true", null, "5m"],
      ["npmon's own", own, "/etc/npmon/system-probe.yaml", "1m"],
      ["the agent's", agent, "/etc/datadog-agent/system-probe.yaml", "2m"],
      ["npmon's own before the agent's", `${own} && ${agent}`, "/etc/npmon/system-probe.yaml", "1m"],
    ];
  for (const [what, command, path, interval] of cases) {
    test(what, async () => {
      const { stdout, stderr } = await withDefaultFile(command, ["config", "--json"]);
      const { file: found, settings } = JSON.parse(stdout || stderr);
      assert.equal(found, path);
      const setting = settings.find(({ key }: { key: string }) => key === "npmon.interval");
      assert.deepEqual([setting.value, setting.origin], [interval, path === null ? "default" : "file"]);
    });
  }

  test("one that is broken is an error that names every fault", async () => {
    const broken = "printf 'npmon: {units: x, interval: y}' > /etc/npmon/system-probe.yaml";
    const { status, stdout, stderr } = await withDefaultFile(broken, ["export", "-d", "0.1"]);
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(
      stderr,
      /^npmon: the configuration has 2 problems\n {2}\/etc\/npmon\/system-probe\.yaml:1:16: npmon\.units: /,
    );
  });

  test("saved snapshots are shown also where it is broken", async () => {
    const saved = file("saved.json", (await npmon(["export", "-d", "0.1"])).stdout);
    const broken = "echo 'npmon: {units: x}' > /etc/npmon/system-probe.yaml";
    const { status, stderr } = await withDefaultFile(broken, ["export", "--table", "--from", saved]);
    assert.equal(status, 0, stderr);
  });
});

test("a user who may not read the file under /etc is told so and served, but not when it was asked for", async () => {
  const command =
    "echo 'npmon: {interval: 1m}' > /etc/npmon/system-probe.yaml && chmod 700 /etc/npmon && chown -R 1 /etc/npmon";
  const dropped = "-dac_override,-dac_read_search";
  const within = ["setpriv", `--inh-caps=${dropped}`, `--bounding-set=${dropped}`];
  const { status, stdout, stderr } = await withDefaultFile(command, ["config", "--json"], within);
  assert.equal(status, 0, stderr);
  const { file: found, warnings } = JSON.parse(stdout);
  assert.equal(found, null);
  assert.match(warnings[0].message, /this user may not read it; npmon runs by its defaults/);
  const asked = ["config", "--config", "/etc/npmon/system-probe.yaml"];
  const refused = await withDefaultFile(command, asked, within);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /this user may not read it\n {2}Run npmon as root/);
});

test("`npmon config` shows every value and its origin, on stdout, and what is odd on stderr", async () => {
  const path = file(
    "odd.yaml",
    "system_probe_config: {enabeld: true, disable_udp: true}\nother_program: {x: 1}\n",
  );
  const { status, stdout, stderr } = await npmon(["config", "--config", path], {
    env: { ...process.env, NPMON_UNITS: "bits" },
  });
  assert.equal(status, 0);
  assert.match(stdout, /^ {2}disable_udp +true +line 1$/m);
  assert.match(stdout, /^ {2}units +bits +environment NPMON_UNITS$/m);
  assert.match(stdout, /^ {2}interval +5m +default$/m);
  assert.match(
    stderr,
    /odd\.yaml:1:23: system_probe_config\.enabeld: .*did you mean `system_probe_config\.enabled`\?\n/,
  );
  assert.match(stderr, /odd\.yaml:2:1: other_program: npmon does not know this key\n/);
  const json = JSON.parse((await npmon(["config", "--config", path, "--json"])).stdout);
  assert.deepEqual(
    json.warnings.map(({ key, line }: { key: string; line: number }) => [key, line]),
    [
      ["system_probe_config.enabeld", 1],
      ["other_program", 2],
    ],
  );
});

test("a configuration that is not right ends `npmon config` with 1 and every problem, as JSON too", async () => {
  const path = file("bad.yaml", "system_probe_config: {enabled: maybe}\nnpmon: {interval: soon}\n");
  const plain = await npmon(["config", "--config", path]);
  assert.deepEqual([plain.status, plain.stdout], [1, ""]);
  assert.match(plain.stderr, /bad\.yaml:1:32: .*\n.*bad\.yaml:2:19: /);
  const { stderr } = await npmon(["config", "--config", path, "--json"]);
  const { error } = JSON.parse(stderr);
  assert.deepEqual([error.code, error.exit_code], ["config", 1]);
  assert.deepEqual(error.problems[0], {
    file: path,
    line: 1,
    column: 32,
    key: "system_probe_config.enabled",
    message: 'found the text "maybe", expected true or false',
  });
});

test("hostile text in a configuration reaches no terminal as it is", async () => {
  const nasty = "\u001b[2J\u202e\u0007\u009b31m";
  const path = file(
    "nasty.yaml",
    `npmon: {units: ${JSON.stringify(nasty)}, ${JSON.stringify(`k${nasty}`)}: 1, subnets: {${JSON.stringify(nasty)}: x}}\n`,
  );
  const refused = await npmon(["config", "--config", path]);
  assert.equal(refused.status, 1);
  assertHarmless(refused.stderr);
  const odd = file(
    "nasty-odd.yaml",
    `${JSON.stringify(nasty)}: 1\nnpmon: {subnets: {10.0.0.0/8: ${JSON.stringify(nasty)}}}\n`,
  );
  const shown = await npmon(["config", "--config", odd]);
  assert.equal(shown.status, 0, shown.stderr);
  assertHarmless(shown.stdout + shown.stderr);
});

for (const [what, args, says] of [
  ["a file that is not there", ["--config", join(folder, "gone")], /gone: there is no such file/],
  ["a directory", ["--config", folder], /it is a directory, not a file/],
  ["text that is no YAML", ["--config", file("x.yaml", "a: [")], /x\.yaml:1:\d+: this is not YAML/],
] as const) {
  test(`${what} is refused by the commands that look at flows, in one line with exit code 1`, async () => {
    const { status, stdout, stderr } = await npmon(["export", "-d", "0.1", ...args]);
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, says);
    assert.match(stderr, /^npmon: [^\n]*\n {2}[^\n]*\n$/);
  });
}

test("bpf_debug says what was loaded into the kernel, and nothing says it without", async () => {
  const debug = file("debug.yaml", "system_probe_config: {bpf_debug: true}\n");
  const loaded =
    /^npmon: bpf: loaded npmon_state \(tp_btf\/inet_sock_set_state\) as program \d+, \d+ instructions/m;
  const args = ["export", "-d", "0.1"];
  assert.match((await npmon([...args, "--config", debug])).stderr, loaded);
  assert.doesNotMatch((await npmon([...args, "--config", TINY])).stderr, /bpf:/);
});
