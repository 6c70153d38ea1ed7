import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Namespace, withNamespace } from "./namespace.ts";
import {
  buildTraffic,
  type ClientOptions,
  HEADER_BYTES,
  runChurn,
  runClient,
  runRefused,
  runReset,
  type ServerOptions,
  startHold,
  startServer,
} from "./traffic.ts";

const AGREEMENTS: readonly [what: string, server: ServerOptions, client: Omit<ClientOptions, "to">][] = [
  ["one connection over IPv4", {}, { sendBytes: 1_000, receiveBytes: 2_000 }],
  ["one connection over IPv6", { family: 6 }, { sendBytes: 1_000, receiveBytes: 2_000 }],
  ["nothing but the header", {}, {}],
  ["many bytes both ways at once", {}, { sendBytes: 30_000_000, receiveBytes: 20_000_000 }],
  [
    "many bytes over IPv6, the server closing first",
    { family: 6 },
    { sendBytes: 9_000_000, receiveBytes: 8_000_000, firstClose: "server" },
  ],
  [
    "sizes drawn from ranges, in parallel",
    {},
    { connections: 300, parallel: 16, sendBytes: [0, 50_000], receiveBytes: [1, 70_000], seed: 7 },
  ],
  [
    "the server closing first",
    {},
    { connections: 200, parallel: 8, sendBytes: 500, receiveBytes: 700, firstClose: "server" },
  ],
  [
    "both taking turns at closing first",
    {},
    { connections: 200, parallel: 8, sendBytes: 500, receiveBytes: 700, firstClose: "alternate" },
  ],
  [
    "a client that half closes",
    {},
    { connections: 50, parallel: 4, sendBytes: 10_000, receiveBytes: 3_000_000, halfClose: true },
  ],
  [
    "a half close before the server closes first",
    {},
    {
      connections: 50,
      parallel: 4,
      sendBytes: 3_000_000,
      receiveBytes: 10_000,
      halfClose: true,
      firstClose: "server",
    },
  ],
  [
    "prefork workers",
    { workers: 3 },
    { connections: 600, parallel: 16, sendBytes: [1, 9_000], receiveBytes: [1, 9_000] },
  ],
  [
    "prefork workers over IPv6",
    { family: 6, workers: 2 },
    { connections: 100, parallel: 8, sendBytes: 10, receiveBytes: 10 },
  ],
  [
    "a client that exits with its sockets open",
    {},
    { connections: 20, sendBytes: 100, receiveBytes: 100, exitFast: true },
  ],
];

describe("traffic client and server", () => {
  for (const [what, serverOptions, clientOptions] of AGREEMENTS) {
    it(`agree to the byte on ${what}`, async () => {
      await using server = await startServer(serverOptions);
      const client = await runClient({ to: server.target, ...clientOptions });
      const totals = await server.stop();
      const connections = clientOptions.connections ?? 1;
      assert.deepEqual([client.connections, client.failed, client.first_error], [connections, 0, null]);
      assert.deepEqual([totals.accepted, totals.resets, totals.incomplete], [connections, 0, 0]);
      assert.equal(totals.bytes_received, client.bytes_sent);
      assert.equal(totals.bytes_sent, client.bytes_received);
      assertWithin(client.bytes_sent, clientOptions.sendBytes ?? 0, connections, HEADER_BYTES);
      assertWithin(client.bytes_received, clientOptions.receiveBytes ?? 0, connections, 0);
      assert.equal(totals.workers.length, serverOptions.workers ?? 1);
      assert.deepEqual(
        totals.workers.map(({ pid }) => pid),
        server.pids,
      );
      assert.equal(
        totals.workers.reduce((sum, { accepted }) => sum + accepted, 0),
        connections,
      );
    });
  }

  for (const [firstClose, byClient, byServer] of [
    ["client", 10, 0],
    ["server", 0, 10],
    ["alternate", 5, 5],
  ] as const) {
    it(`close in the order told: ${firstClose}`, async () => {
      // in a namespace, because a host that runs out of room for TIME_WAIT drops some
      await withNamespace(async (namespace) => {
        const { within } = namespace;
        await using server = await startServer({ within });
        const { target: to, port } = server;
        await runClient({ within, to, connections: 10, sendBytes: 9, receiveBytes: 9, firstClose });
        await server.stop();
        // whoever closes first is left with the socket in TIME_WAIT
        assert.equal(countTimeWait(namespace, "dport", port), byClient);
        assert.equal(countTimeWait(namespace, "sport", port), byServer);
      });
    });
  }

  it("moves the same bytes for the same seed, and others for another", async () => {
    await using server = await startServer();
    const options = {
      to: server.target,
      connections: 40,
      sendBytes: [0, 9_999],
      receiveBytes: [0, 9_999],
    } as const;
    const first = await runClient({ ...options, seed: 1 });
    const again = await runClient({ ...options, seed: 1, parallel: 8 });
    const other = await runClient({ ...options, seed: 2 });
    assert.deepEqual([again.bytes_sent, again.bytes_received], [first.bytes_sent, first.bytes_received]);
    assert.notEqual(other.bytes_sent, first.bytes_sent);
  });

  it("keeps a connection open for as long as it is told to", async () => {
    await using server = await startServer();
    const started = performance.now();
    await runClient({ to: server.target, holdMs: 200 });
    assert.ok(performance.now() - started >= 200);
  });

  it("takes IPv4 on a socket of IPv6", async () => {
    await using server = await startServer({ family: 6, address: "::" });
    const client = await runClient({ to: `127.0.0.1:${server.port}`, sendBytes: 5, receiveBytes: 6 });
    const totals = await server.stop();
    assert.deepEqual([client.failed, totals.bytes_received, totals.bytes_sent], [0, HEADER_BYTES + 5, 6]);
  });

  it("forks workers whose parent owns the listener too and accepts nothing", async () => {
    await using server = await startServer({ workers: 2 });
    const inodes = server.pids.map((pid) => socketsOf(pid));
    assert.equal(new Set(server.pids).size, 2);
    assert.equal(inodes[0]?.length, 1);
    assert.deepEqual(inodes[0], inodes[1]);
    const totals = await server.stop();
    assert.ok(!server.pids.includes(totals.pid));
    for (const pid of server.pids) assert.equal(existsSync(`/proc/${pid}`), false);
  });

  it("counts what a client left unfinished", async () => {
    await using server = await startServer();
    const client = await runReset({ to: server.target, connections: 5, sendBytes: 1_000, receiveBytes: 100 });
    const totals = await server.stop();
    assert.deepEqual([client.connections, client.resets, client.failed], [5, 5, 0]);
    assert.deepEqual([totals.accepted, totals.resets, totals.incomplete], [5, 5, 0]);
    assert.equal(client.bytes_sent, 5 * (HEADER_BYTES + 1_000));
    assert.equal(totals.bytes_received, client.bytes_sent);
    assert.equal(totals.bytes_sent, client.bytes_received);
  });

  it("meets resets by the server when everything was moved", async () => {
    await using server = await startServer();
    const client = await runReset({
      to: server.target,
      connections: 5,
      sendBytes: 77,
      receiveBytes: 88,
      by: "server",
    });
    const totals = await server.stop();
    assert.deepEqual([client.resets, client.failed], [5, 0]);
    assert.deepEqual([totals.bytes_received, totals.bytes_sent], [client.bytes_sent, client.bytes_received]);
    assert.equal(client.bytes_received, 5 * 88);
  });

  it("is refused where nobody listens", async () => {
    const { target, stop } = await startServer();
    await stop();
    const totals = await runRefused({ to: target, connections: 3 });
    assert.deepEqual([totals.connections, totals.refused, totals.connected, totals.other], [3, 3, 0, 0]);
    const client = await runClient({ to: target, connections: 2 });
    assert.deepEqual([client.failed, client.first_error, client.bytes_sent], [2, "ECONNREFUSED", 0]);
  });

  it("churns through 5,000 connections without a failure", async () => {
    await using server = await startServer({ address: "0.0.0.0", workers: 2 });
    const client = await runChurn({
      to: `127.0.0.1:${server.port}`,
      connections: 5_000,
      parallel: 8,
      firstClose: "alternate",
    });
    const totals = await server.stop();
    assert.deepEqual([client.connections, client.failed, totals.accepted], [5_000, 0, 5_000]);
    assert.deepEqual([totals.bytes_received, totals.bytes_sent], [client.bytes_sent, client.bytes_received]);
    assert.ok(client.bytes_sent >= 5_000 * (HEADER_BYTES + 1));
  });

  it("says what is wrong with its parameters", async () => {
    await assert.rejects(runClient({ to: "nowhere" }), /--to cannot be nowhere/);
    await assert.rejects(startServer({ address: "300.1.1.1" }), /--addr cannot be 300\.1\.1\.1/);
  });
});

describe("traffic hold", () => {
  it("holds as many connections as ss sees, spread over source addresses, and moves bytes on each", async () => {
    await using server = await startServer({ workers: 2 });
    await using hold = await startHold({ to: server.target, connections: 500, sources: 4 });
    assert.equal(hold.open, 500);
    const sockets = execFileSync("ss", ["-Htn", "state", "established", "dport", "=", `:${server.port}`], {
      encoding: "utf8",
    });
    const lines = sockets.trim().split("\n");
    assert.equal(lines.length, 500);
    const locals = new Set(lines.map((line) => /(127\.0\.0\.\d+):\d+/.exec(line)?.[1]));
    assert.deepEqual([...locals].sort(), ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"]);
    assert.equal(socketsOf(hold.pid).length, 500);
    assert.equal(await hold.send(10), 5_000);
    assert.equal(await hold.send(100_000), 50_000_000);
    const client = await hold.stop();
    assert.deepEqual([client.connections, client.failed], [500, 0]);
    assert.equal(client.bytes_sent, 500 * (HEADER_BYTES + 100_010));
    const totals = await server.stop();
    assert.deepEqual(
      [totals.accepted, totals.incomplete, totals.bytes_received],
      [500, 0, client.bytes_sent],
    );
  });

  it("agrees with what the kernel counted", async () => {
    await using server = await startServer();
    await using hold = await startHold({ to: server.target, connections: 1 });
    await hold.send(123_456);
    const sent = HEADER_BYTES + 123_456;
    await eventually(() => {
      const info = execFileSync("ss", ["-Htin", "dport", "=", `:${server.port}`], { encoding: "utf8" });
      assert.match(info, new RegExp(`bytes_acked:${sent + 1} |bytes_acked:${sent} `));
    });
  });
});

describe("buildTraffic", () => {
  it("does not compile again what has not changed", () => {
    const { ino } = statSync(buildTraffic());
    assert.equal(statSync(buildTraffic()).ino, ino);
  });
});

function assertWithin(
  bytes: number,
  range: number | readonly [number, number],
  times: number,
  extra: number,
): void {
  const [min, max] = typeof range === "number" ? [range, range] : range;
  assert.ok(
    bytes >= times * (min + extra) && bytes <= times * (max + extra),
    `${bytes} for ${times} times ${min}-${max}`,
  );
}

/** Inodes of the sockets a process has open, leaving out what it was born with. */
function socketsOf(pid: number): string[] {
  const links = readdirSync(`/proc/${pid}/fd`)
    .filter((fd) => Number(fd) > 2)
    .map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  return links.filter((link) => link.startsWith("socket:")).sort();
}

function countTimeWait(namespace: Namespace, side: "sport" | "dport", port: number): number {
  const list = namespace.run("ss", "-Htan", "state", "time-wait", side, "=", `:${port}`);
  return list.split("\n").filter((line) => line !== "").length;
}

async function eventually(check: () => void): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      check();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(10);
    }
  }
}
