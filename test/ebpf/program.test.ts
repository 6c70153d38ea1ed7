import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type BpfObject, enableStats, libbpfVersion, possibleCpus } from "../../src/ebpf/index.ts";
import { ebpfError, readCount, withLibrary } from "./fixture.ts";

function watchThisProcess(object: BpfObject): void {
  object.initialValue(".rodata").setUint32(0, process.pid, true);
}

test("an attached tracepoint program sees every event until its link is closed", async () => {
  await withLibrary((object) => {
    spawnSync("/bin/true");
    const link = object.program("count_execs").attach();
    for (let i = 0; i < 5; i++) spawnSync("/bin/true");
    link.close();
    link.close();
    spawnSync("/bin/true");
    assert.equal(readCount(object, "execs"), 5);
    assert.throws(() => link.fd, ebpfError("misuse", 'the link of program "count_execs" is closed'));
  }, watchThisProcess);
});

test("a program attaches again after its link is closed", async () => {
  await withLibrary((object) => {
    for (let i = 0; i < 3; i++) {
      const link = object.program("count_execs").attach();
      spawnSync("/bin/true");
      link.close();
    }
    assert.equal(readCount(object, "execs"), 3);
  }, watchThisProcess);
});

test("a control group program sees the packets of its group only", async () => {
  const mount = / (\S+) cgroup2 /.exec(readFileSync("/proc/mounts", "utf8"))?.[1];
  assert.ok(mount !== undefined, "this host has no control group v2");
  const group = join(mount, `npmon-ebpf-test-${process.pid}`);
  mkdirSync(group);
  try {
    await withLibrary((object) => {
      const program = object.program("count_packets");
      const link = program.attachCgroup(group);
      const send = "echo -n x > /dev/udp/127.0.0.1/9";
      spawnSync("bash", ["-c", send]);
      assert.equal(readCount(object, "packets"), 0, "sent from outside");
      spawnSync("bash", ["-c", `echo $$ > ${group}/cgroup.procs; ${send}; ${send}`]);
      assert.equal(readCount(object, "packets"), 2, "sent from inside");
      link.close();
      assert.throws(() => program.attachCgroup(join(group, "gone")), ebpfError("attach", "ENOENT"));
      assert.throws(() => program.attachCgroup("a\0b"), ebpfError("misuse", "null byte"));
    });
  } finally {
    rmdirSync(group);
  }
});

test("a program that the kernel will not attach says which one and where", async () => {
  await withLibrary((object) => {
    assert.throws(
      () => object.program("count_packets").attachCgroup("/proc"),
      ebpfError("attach", 'cannot attach program "count_packets" to cgroup_skb/egress'),
    );
  });
});

test("each kind of program has its own way to be attached", async () => {
  await withLibrary((object) => {
    const [tracepoint, iterator, cgroup] = ["count_execs", "walk_tasks", "count_packets"].map((name) =>
      object.program(name),
    );
    assert.throws(() => iterator?.attach(), ebpfError("misuse", "use attachIterator()"));
    assert.throws(() => cgroup?.attach(), ebpfError("misuse", "use attachCgroup()"));
    assert.throws(() => tracepoint?.attachIterator(), ebpfError("misuse", "is not an iterator"));
    assert.throws(() => cgroup?.attachIterator(), ebpfError("misuse", "is not an iterator"));
    assert.throws(() => tracepoint?.attachCgroup("/"), ebpfError("misuse", "is not for a control group"));
    assert.throws(() => iterator?.attachCgroup("/"), ebpfError("misuse", "is not for a control group"));
  });
});

test("a program runs when it is asked to, each time from the beginning", async () => {
  await withLibrary((object) => {
    const program = object.program("count_elements");
    program.run();
    assert.equal(readCount(object, "elements"), object.map("plain").maxEntries);
    program.run();
    assert.equal(readCount(object, "elements"), 2 * object.map("plain").maxEntries);
  });
});

test("a program that reads its context, or waits for events, is not run", async () => {
  await withLibrary((object) => {
    assert.throws(() => object.program("read_context").run(), ebpfError("run", "EINVAL"));
    assert.throws(() => object.program("count_execs").run(), ebpfError("misuse", "takes a raw_tp program"));
    assert.throws(() => object.program("walk_tasks").run(), ebpfError("misuse", "takes a raw_tp program"));
  });
});

test("statistics count runs and time only while they are enabled", async () => {
  await withLibrary((object) => {
    const program = object.program("count_execs");
    program.attach();
    const stats = enableStats();
    for (let i = 0; i < 4; i++) spawnSync("/bin/true");
    stats.close();
    stats.close();
    const info = program.info();
    assert.ok(info.runCount >= 4n, `runCount ${info.runCount}`);
    assert.ok(info.runTimeNs > 0n, `runTimeNs ${info.runTimeNs}`);
    assert.ok(info.verifiedInstructions > 0);
    assert.equal(info.recursionMisses, 0n);
    const shown = JSON.parse(
      execFileSync("bpftool", ["prog", "show", "id", String(info.id), "-j"], { encoding: "utf8" }),
    );
    assert.equal(shown.name, "count_execs", "the id is the kernel's");
  });
});

test("the library says which libbpf it uses and how many CPUs there can be", () => {
  const version = libbpfVersion();
  assert.equal(version.text, `v${version.major}.${version.minor}`);
  assert.ok(version.major >= 1);
  const possible = readFileSync("/sys/devices/system/cpu/possible", "utf8");
  assert.equal(possibleCpus(), Number(/(\d+)\s*$/.exec(possible)?.[1]) + 1);
});
