import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { HostValues } from "../../src/completion/host-values.ts";
import { FakeProc } from "../tag/fake-proc.ts";

const proc = new FakeProc();
after(() => proc.close());
proc.put({ pid: 2, startTicks: 1, comm: "kthreadd", cgroup: "0::/\n" });
proc.put({
  pid: 30,
  startTicks: 10,
  comm: "nginx",
  exe: "/usr/sbin/nginx",
  cgroup: "0::/system.slice/nginx.service\n",
});
proc.put({ pid: 9, startTicks: 5, comm: "node", exe: "/usr/bin/node", environ: "DD_SERVICE=web shop\0" });
proc.put({
  pid: 31,
  startTicks: 11,
  comm: "nginx",
  exe: "/usr/sbin/nginx",
  cgroup: "0::/system.slice/nginx.service\n",
});
proc.put({ pid: 40, startTicks: 12, comm: "gone", state: "Z" });
mkdirSync(join(proc.root, "net"));
writeFileSync(
  join(proc.root, "net", "tcp"),
  [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    "   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1",
    "   1: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1",
    "   2: 0100007F:A000 0100007F:1538 01 00000000:00000000 00:00000000 00000000     0        0 3 1",
    "",
  ].join("\n"),
);

describe("HostValues", () => {
  const values = new HostValues(proc.root);

  for (const [tag, expected] of [
    ["process", ["nginx", "node"]],
    ["service", ["nginx", "web shop"]],
    ["exe", ["/usr/bin/node", "/usr/sbin/nginx"]],
    ["unit", ["nginx.service"]],
    ["pid", ["9", "30", "31"]],
    ["port", ["80", "5432"]],
    ["host", [hostname()]],
    ["labels", []],
    ["toString", []],
    ["nonsense", []],
    ["label.app", []],
  ] as const) {
    it(`knows ${expected.join(", ") || "no value"} of ${tag}`, () => {
      assert.deepEqual(values.valuesOf(tag), expected);
    });
  }

  it("knows the addresses, networks and kinds of addresses of this host", () => {
    assert.ok(values.valuesOf("ip").includes("127.0.0.1"));
    assert.ok(values.valuesOf("subnet").includes("127.0.0.0/8"));
    assert.ok(values.valuesOf("range").includes("loopback"));
    assert.ok(values.valuesOf("range").includes("private"));
  });

  it("names processes by their numbers, the youngest first", () => {
    assert.deepEqual(values.processes(), [
      { text: "31", meaning: "nginx" },
      { text: "30", meaning: "nginx" },
      { text: "9", meaning: "node" },
    ]);
  });

  it("ends when its time is over, with the youngest processes", () => {
    const crowd = new FakeProc();
    try {
      for (let pid = 1; pid <= 100; pid++) crowd.put({ pid, startTicks: 1, exe: "/usr/bin/node" });
      let nowMs = 0;
      const slow = new HostValues(crowd.root, () => {
        nowMs += 200;
        return nowMs;
      });
      assert.equal(slow.processes().length, 64);
      assert.equal(slow.processes()[0]?.text, "100");
      assert.equal(new HostValues(crowd.root, () => 0).processes().length, 100);
    } finally {
      crowd.close();
    }
  });

  it("knows nothing where there is no /proc, and throws nothing", () => {
    const nowhere = new HostValues(join(proc.root, "nowhere"));
    for (const tag of ["port", "process", "pid"]) assert.deepEqual(nowhere.valuesOf(tag), []);
  });

  it("knows this process and its port on the real /proc", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    try {
      await new Promise((resolve) => server.once("listening", resolve));
      const address = server.address();
      const port = typeof address === "object" ? String(address?.port) : "";
      const real = new HostValues("/proc", () => 0);
      assert.ok(real.valuesOf("port").includes(port));
      assert.ok(real.valuesOf("pid").includes(String(process.pid)));
      assert.ok(real.valuesOf("exe").includes(process.execPath));
    } finally {
      server.close();
    }
  });
});
