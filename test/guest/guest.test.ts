import assert from "node:assert/strict";
import { join } from "node:path";
import { before, suite, test } from "node:test";
import { createSnapshotDecoder } from "../../src/snapshot/decode.ts";
import { buildFacts, FACTS_OBJECT, type Facts } from "./facts.ts";
import { type GuestRun, runInGuest } from "./guest.ts";
import { EXCHANGED_BYTES, type Report } from "./inside.ts";
import { findKernel, type Series } from "./kernel.ts";

const PROGRAM = join(import.meta.dirname, "inside.js");
/** Taken literally by the shell: characters of several bytes, a line without its end. */
const STDOUT = "naïve ☃\n\n\ttab\\n%s";
const STDERR = "\u{1f427} said so\r\n";
const STATUS = 7;

/** What differs between the kernels; all of them can do the rest. */
const UNABLE: Readonly<Record<Series, Facts>> = {
  "5.10": {
    socket_storage: "no: load EINVAL",
    task_file_iterator: "no: load EINVAL",
    send_length: "no: load ESRCH",
    map_walk: "no: load EINVAL",
    typed_pointer: "no: load EINVAL",
  },
  "6.1": { send_length: "no: load ESRCH", typed_pointer: "no: load EACCES" },
  "6.12": {},
};

before(buildFacts);

for (const [series, unable] of Object.entries(UNABLE) as [Series, Facts][]) {
  suite(`in a guest with Linux ${series}`, () => {
    let run: GuestRun;
    let report: Report;

    before(async () => {
      const words = series === "5.10" ? "" : "export";
      const script = `node "$0" ${words} || exit; printf %s "$1"; printf %s "$2" >&2; exit "$3"`;
      const command = ["sh", "-c", script, PROGRAM, STDOUT, STDERR, String(STATUS)];
      run = await runInGuest(await findKernel(series), command, { files: [FACTS_OBJECT] });
      assert.equal(run.status, STATUS, `${run.stderr}\n${run.stdout}`);
      report = JSON.parse(run.stdout.split("\n")[0] ?? "") as Report;
    });

    test("a command's exit status and its two outputs come back exactly", () => {
      assert.equal(run.status, STATUS);
      assert.equal(run.stdout, `${JSON.stringify(report)}\n${STDOUT}`);
      assert.equal(run.stderr, STDERR);
    });

    test("the kernel is of the series that was asked for", async () => {
      assert.equal(report.release, (await findKernel(series)).version);
      assert.match(report.release, new RegExp(`^${series.replace(".", "\\.")}\\.`));
    });

    test("the kernel can do what we say, and no more", (t) => {
      t.diagnostic(`Linux ${report.release}, ${run.seconds.toFixed(1)} s`);
      for (const [name, answer] of Object.entries(report.facts)) t.diagnostic(`${name.padEnd(24)} ${answer}`);
      const able = Object.fromEntries(Object.keys(report.facts).map((name) => [name, "yes"]));
      assert.deepEqual(report.facts, { ...able, ...unable });
    });

    test("a network namespace is reached through a veth pair", () => {
      assert.match(report.ping, /1 packets transmitted, 1 packets received/);
    });

    if (series !== "5.10") {
      test("npmon counts a loopback transfer exactly, in its tracepoint tier", () => {
        const { exported } = report;
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
  });
}

test("a guest that dies before its verdict is started once more, and then reported with its console", async () => {
  const kernel = await findKernel("6.1");
  const crash = runInGuest(kernel, ["sh", "-c", "echo c >/proc/sysrq-trigger"]);
  await assert.rejects(crash, ({ message }: Error) => {
    assert.match(message, /gave no verdict, twice/);
    assert.equal(message.match(/Kernel panic - not syncing: sysrq/g)?.length, 2);
    return true;
  });
});

test("a command that takes too long is killed, and what it had printed comes back", async () => {
  const run = await runInGuest(await findKernel("6.1"), ["sh", "-c", "echo begun; sleep 1000"], {
    timeoutMs: 1000,
  });
  assert.deepEqual([run.status, run.stdout], [137, "begun\n"]);
});
