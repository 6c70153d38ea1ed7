import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, test } from "node:test";
import { createSnapshotDecoder } from "../../src/snapshot/decode.ts";
import type { Tier } from "../../src/snapshot/snapshot.ts";
import { read, states } from "../commands/status-lines.ts";
import { buildAsk } from "../probe/bpf/ask.ts";
import { buildTraffic } from "../traffic/build.ts";
import { buildFacts, FACTS_OBJECT, type Facts } from "./facts.ts";
import { failuresOf } from "./failures.ts";
import { type GuestRun, runAllInGuest } from "./guest.ts";
import { EXCHANGED_BYTES, type Report } from "./inside.ts";
import { findKernel, type Series } from "./kernel.ts";

type Command = readonly string[];

const program = (name: string): string => join("test", "guest", `${name}.js`);

/** Boots a kernel when the first test asks, once for all tests: a guest runs these commands one after the other. */
function inOneGuest<Name extends string>(series: Series, commands: Readonly<Record<Name, Command>>) {
  const names = Object.keys(commands) as Name[];
  let runs: Promise<readonly GuestRun[]> | undefined;
  const boot = async () => {
    buildFacts();
    const files = [FACTS_OBJECT, buildTraffic(), buildAsk()];
    const options = { files, timeoutMs: 600_000 };
    return runAllInGuest(
      await findKernel(series),
      names.map((name) => commands[name]),
      options,
    );
  };
  return async (name: Name): Promise<GuestRun> => {
    runs ??= boot();
    return (await runs)[names.indexOf(name)] as GuestRun;
  };
}

type Ask = () => Promise<GuestRun>;

/** Taken literally by the shell: characters of several bytes, a line without its end. */
const STDOUT = "naïve ☃\n\n\ttab\\n%s";
const STDERR = "\u{1f427} said so\r\n";
const STATUS = 7;

/** What inside.ts tells of a kernel. */
function inside(...words: readonly string[]): Command {
  const script = `node "$0" ${words.join(" ")} || exit; printf %s "$1"; printf %s "$2" >&2; exit "$3"`;
  return ["sh", "-c", script, program("inside"), STDOUT, STDERR, String(STATUS)];
}

async function reportOf(ask: Ask): Promise<Report> {
  const { status, stdout, stderr } = await ask();
  assert.equal(status, STATUS, `${stderr}\n${stdout}`);
  return JSON.parse(stdout.split("\n")[0] ?? "");
}

function testKernel(series: Series, ask: Ask, unable: Facts): void {
  test("a command's exit status and its two outputs come back exactly", async () => {
    const report = await reportOf(ask);
    const { stdout, stderr } = await ask();
    assert.equal(stdout, `${JSON.stringify(report)}\n${STDOUT}`);
    assert.equal(stderr, STDERR);
  });

  test("the kernel is of the series that was asked for", async () => {
    const { release } = await reportOf(ask);
    assert.equal(release, (await findKernel(series)).version);
    assert.match(release, new RegExp(`^${series.replace(".", "\\.")}\\.`));
  });

  test("the kernel can do what we say, and no more", async (t) => {
    const { release, facts } = await reportOf(ask);
    t.diagnostic(`Linux ${release}, all of its guest ${(await ask()).seconds.toFixed(1)} s`);
    for (const [name, answer] of Object.entries(facts)) t.diagnostic(`${name.padEnd(24)} ${answer}`);
    const able = Object.fromEntries(Object.keys(facts).map((name) => [name, "yes"]));
    assert.deepEqual(facts, { ...able, ...unable });
  });

  test("a network namespace is reached through a veth pair", async () => {
    assert.match((await reportOf(ask)).ping, /1 packets transmitted, 1 packets received/);
  });
}

function testExport(ask: Ask): void {
  test("npmon counts a loopback transfer exactly, in its tracepoint tier", async () => {
    const { exported } = await reportOf(ask);
    assert.equal(exported?.status, 0, exported?.stderr);
    assert.match(exported?.stderr ?? "", /^npmon: tracing [^\n]*\n$/);
    const snapshot = createSnapshotDecoder()(exported?.stdout ?? "", "stdout");
    assert.equal(snapshot.probe.tier, "tracepoint");
    const ends = snapshot.flows.filter((flow) => flow.source?.pid === exported?.pid);
    assert.deepEqual(
      ends.map((flow) => [flow.bytes_sent, flow.bytes_received]),
      [
        [EXCHANGED_BYTES, EXCHANGED_BYTES],
        [EXCHANGED_BYTES, EXCHANGED_BYTES],
      ],
    );
    assert.ok(ends.some((flow) => flow.destination?.port === exported?.port));
  });
}

/**
 * Leaves out the sixty megabytes and the second round of the same cases; and splice and sendfile to UDP, for before 6.5
 * the kernel makes a datagram of each page over IPv6, which the program that calls cannot know.
 */
const TESTS =
  "(?:many sizes|half closes|prefork|IPv4 clients).*a pass every|network namespace|only the bytes since|refused ones|a reset is|IPv., (?:not )?connected, (?!splice|sendfile)|DNS answers|of every call|of many in one call";

/** Test files on a tier, as exactness.ts calls them. */
function exactness(tier: Exclude<Tier, "sockdiag">, ...files: readonly string[]): Command {
  const options = ["--test-reporter=tap", `--test-name-pattern=${TESTS}`];
  return ["env", `NPMON_TEST_TIER=${tier}`, "node", ...options, program("exactness"), ...files];
}

function testExactness(tier: string, ask: Ask, atLeast: number): void {
  test(`the exactness tests pass in the ${tier} tier`, async (t) => {
    const { status, stdout, stderr } = await ask();
    const passed = Number(/^# pass (\d+)$/m.exec(stdout)?.[1]);
    const [, ms] = /^# duration_ms ([\d.]+)$/m.exec(stdout) ?? [];
    t.diagnostic(`${passed} tests passed in ${(Number(ms) / 1000).toFixed(1)} s`);
    assert.equal(status, 0, `${failuresOf(stdout)}\n${stderr.slice(-2000)}`);
    assert.ok(passed >= atLeast, `${passed} of at least ${atLeast} tests passed`);
  });
}

suite("Linux 5.10", () => {
  const npmon = `node ${join("bin", "npmon.js")}`;
  const hideTypes = "mount -t tmpfs none /sys/kernel/btf 2>/dev/null || umount -l /sys";
  const guest = inOneGuest("5.10", {
    inside: inside(),
    export: ["sh", "-c", `${npmon} export --json -d 1`],
    forced: ["sh", "-c", `${npmon} export --json -d 1 --probe tracepoint`],
    status: ["sh", "-c", `${npmon} status --json`],
    // the last, for it leaves the machine without them
    typeless: ["sh", "-c", `${hideTypes}; ${npmon} status --json`],
  });

  testKernel("5.10", () => guest("inside"), {
    socket_storage: "no: load EINVAL",
    task_file_iterator: "no: load EINVAL",
    send_length: "no: load ESRCH",
    map_walk: "no: load EINVAL",
    typed_pointer: "no: load EINVAL",
  });

  test("it has no eBPF tier, and npmon says why and falls back", async () => {
    const { status, stdout, stderr } = await guest("export");
    assert.equal(status, 0, stderr);
    const { probe } = JSON.parse(stdout);
    assert.equal(probe.tier, "sockdiag");
    assert.match(probe.reason, /verifier refused it.*sock_diag shows TCP/);
    const forced = await guest("forced");
    assert.equal(forced.status, 1, forced.stderr);
    assert.match(forced.stderr, /"code":"bpf_load"/);
  });

  test("`npmon status` says that the kernel is what fails: exit code 4", async () => {
    const { status, stdout, stderr } = await guest("status");
    assert.equal(status, 4, stdout + stderr);
    const lines = read({ status, stdout });
    assert.equal(
      states(lines, "kernel", "BTF", "tier kprobe", "tier tracepoint"),
      "limited ok failing failing",
    );
    assert.match(lines.get("tier tracepoint")?.value ?? "", /verifier refused it/);
  });

  test("and without BTF, that it takes a kernel which has it", async () => {
    const { status, stdout, stderr } = await guest("typeless");
    assert.equal(status, 4, stdout + stderr);
    const without = read({ status, stdout }).get("BTF");
    assert.equal(without?.cause, "kernel");
    assert.match(without?.remedy ?? "", /CONFIG_DEBUG_INFO_BTF=y/);
  });
});

suite("Linux 6.1", () => {
  const guest = inOneGuest("6.1", {
    inside: inside("export"),
    kprobe: exactness("kprobe", "tcp", "udp", "answers"),
    tracepoint: exactness("tracepoint", "tcp"),
  });

  testKernel("6.1", () => guest("inside"), {
    send_length: "no: load ESRCH",
    typed_pointer: "no: load EACCES",
  });
  testExport(() => guest("inside"));
  testExactness("kprobe", () => guest("kprobe"), 65);
  testExactness("tracepoint", () => guest("tracepoint"), 10);
});

suite("Linux 6.12", () => {
  const cost = (tier: string): Command => ["node", program("datagram-cost"), tier];
  const guest = inOneGuest("6.12", {
    inside: inside("export"),
    kprobe: exactness("kprobe", "tcp", "udp", "answers"),
    tracepoint: exactness("tracepoint", "tcp", "udp"),
    kprobeCost: cost("kprobe"),
    tracepointCost: cost("tracepoint"),
  });

  testKernel("6.12", () => guest("inside"), {});
  testExport(() => guest("inside"));
  testExactness("kprobe", () => guest("kprobe"), 65);
  testExactness("tracepoint", () => guest("tracepoint"), 60);

  test("what a datagram costs in either tier is printed", async (t) => {
    for (const name of ["kprobeCost", "tracepointCost"] as const) {
      const { status, stdout, stderr } = await guest(name);
      assert.equal(status, 0, stderr);
      const { tier, nsPerDatagram } = JSON.parse(stdout);
      assert.equal(`${tier}Cost`, name);
      assert.ok(nsPerDatagram > 0);
      t.diagnostic(`${tier}: ${nsPerDatagram} ns for a datagram sent and received, in an emulated processor`);
    }
  });
});
