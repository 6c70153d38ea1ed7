import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { Tier } from "../../src/snapshot/snapshot.ts";
import { buildAsk } from "../probe/bpf/ask.ts";
import { buildTraffic } from "../traffic/build.ts";
import { runInGuest } from "./guest.ts";
import { findKernel, type Series } from "./kernel.ts";

interface Round {
  readonly series: Series;
  readonly tier: Exclude<Tier, "sockdiag">;
  /** Compiled test files, and which of their tests; a guest is some twenty times slower than the host. */
  readonly files: readonly string[];
}

const TCP = "test/exactness/tcp.test.js";
const UDP = "test/exactness/udp.test.js";
const DNS = "test/probe/bpf/answers.test.js";
/**
 * Leaves out the sixty megabytes and the second round of the same cases; and splice and sendfile to UDP, for before 6.5
 * the kernel makes a datagram of each page over IPv6, which the program that calls cannot know.
 */
const TESTS =
  "(?:many sizes|half closes|prefork|IPv4 clients).*20 ms|network namespace|only the bytes since|refused ones|a reset is|IPv., (?:not )?connected, (?!splice|sendfile)|DNS answers|of every call|of many in one call";

const ROUNDS: readonly Round[] = [
  { series: "6.1", tier: "kprobe", files: [TCP, UDP, DNS] },
  { series: "6.1", tier: "tracepoint", files: [TCP] },
  { series: "6.12", tier: "kprobe", files: [TCP, UDP, DNS] },
  { series: "6.12", tier: "tracepoint", files: [TCP, UDP] },
];

suite("the exactness tests, on the kernels that npmon claims", () => {
  for (const { series, tier, files } of ROUNDS) {
    test(`Linux ${series}, ${tier} tier`, async (t) => {
      const kernel = await findKernel(series);
      const pattern = `--test-name-pattern=${TESTS}`;
      const command = [
        "env",
        `NPMON_TEST_TIER=${tier}`,
        "node",
        "--test",
        "--test-concurrency=1",
        pattern,
        ...files,
      ];
      const run = await runInGuest(kernel, command, {
        files: [buildTraffic(), buildAsk()],
        timeoutMs: 300_000,
      });
      const passed = Number(/^# pass (\d+)$/m.exec(run.stdout)?.[1]);
      t.diagnostic(`Linux ${kernel.version}: ${passed} tests passed in ${run.seconds.toFixed(1)} s`);
      assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
      assert.ok(passed >= 10, run.stdout);
    });
  }
});

test("Linux 5.10 has no eBPF tier, and npmon says why and falls back", async () => {
  const kernel = await findKernel("5.10");
  const npmon = join("bin", "npmon.js");
  const script = `node ${npmon} export --json -d 1; echo "$?"; node ${npmon} export --json -d 1 --probe tracepoint; echo "$?"`;
  const run = await runInGuest(kernel, ["sh", "-c", script], {});
  const [snapshot = "", fallenBack, refused] = run.stdout.trim().split("\n");
  const { probe } = JSON.parse(snapshot);
  assert.deepEqual([probe.tier, fallenBack, refused], ["sockdiag", "0", "1"], run.stderr);
  assert.match(probe.reason, /verifier refused it.*sock_diag shows TCP/);
  assert.match(run.stderr, /"code":"bpf_load"/);
});

test("what a datagram costs in either tier is printed, where a kernel has both", async (t) => {
  const kernel = await findKernel("6.12");
  const program = join("test", "guest", "datagram-cost.js");
  const run = await runInGuest(
    kernel,
    ["sh", "-c", `node ${program} kprobe && node ${program} tracepoint`],
    {},
  );
  assert.equal(run.status, 0, run.stderr);
  const costs = run.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  for (const { tier, nsPerDatagram } of costs) {
    t.diagnostic(`${tier}: ${nsPerDatagram} ns for a datagram sent and received, in an emulated processor`);
    assert.ok(nsPerDatagram > 0);
  }
  assert.deepEqual(
    costs.map(({ tier }) => tier),
    ["kprobe", "tracepoint"],
  );
});
