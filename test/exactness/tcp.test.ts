import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { withNamespace } from "../traffic/namespace.ts";
import {
  type ClientOptions,
  type ClientTotals,
  runClient,
  runRefused,
  runReset,
  type ServerOptions,
  startHold,
  startServer,
  type WorkerTotals,
} from "../traffic/traffic.ts";
import { bytesOfPid, rowOfPid, Watch } from "./watch.ts";

/** Every process that moved bytes, held against what npmon says of it. */
function assertSame(snapshot: Snapshot, ...truth: readonly (ClientTotals | WorkerTotals)[]): void {
  assert.deepEqual([snapshot.probe.lost, snapshot.probe.lost_causes], [0, undefined]);
  assert.equal(snapshot.probe.backwards, 0);
  for (const { pid, bytes_sent, bytes_received } of truth) {
    assert.deepEqual(bytesOfPid(snapshot, pid), { bytes_sent, bytes_received });
  }
}

/** Passes so often that many fall into a case. */
const EVERY_MS = 20;

const CASES: readonly [what: string, server: ServerOptions, client: Omit<ClientOptions, "to">][] = [
  ["a header and nothing else", {}, {}],
  ["one byte", {}, { sendBytes: 1, receiveBytes: 1 }],
  ["many bytes both ways at once", {}, { sendBytes: 60_000_000, receiveBytes: 50_000_000 }],
  [
    "IPv6, the server closing first",
    { family: 6 },
    { sendBytes: 9_000_000, receiveBytes: 8_000_000, firstClose: "server" },
  ],
  [
    "many sizes in parallel",
    {},
    { connections: 400, parallel: 16, sendBytes: [0, 50_000], receiveBytes: [1, 70_000], seed: 7 },
  ],
  [
    "many sizes in parallel over IPv6",
    { family: 6 },
    { connections: 400, parallel: 16, sendBytes: [0, 50_000], receiveBytes: [1, 70_000], seed: 8 },
  ],
  [
    "both ends taking turns at closing first",
    {},
    { connections: 300, parallel: 8, sendBytes: 500, receiveBytes: 700, firstClose: "alternate" },
  ],
  [
    "a client that half closes and goes on receiving",
    {},
    { connections: 50, parallel: 4, sendBytes: 10_000, receiveBytes: 3_000_000, halfClose: true },
  ],
  [
    "prefork workers that share a listener",
    { workers: 3 },
    { connections: 600, parallel: 16, sendBytes: [1, 9_000], receiveBytes: [1, 9_000] },
  ],
  [
    "prefork workers, the server closing first",
    { workers: 3 },
    { connections: 600, parallel: 16, sendBytes: 99, receiveBytes: 999, firstClose: "server" },
  ],
  [
    "a client that exits with its sockets open",
    {},
    { connections: 20, sendBytes: 100, receiveBytes: 100, exitFast: true },
  ],
  [
    "IPv4 clients of an IPv6 listener",
    { family: 6, address: "::" },
    { connections: 20, sendBytes: 100, receiveBytes: 100 },
  ],
];

describe("bytes that applications moved are the bytes that npmon says, by process", () => {
  for (const everyMs of [EVERY_MS, null]) {
    for (const [what, serverOptions, clientOptions] of CASES) {
      test(`${what}, ${everyMs === null ? "one pass at the end" : `a pass every ${everyMs} ms`}`, async () => {
        using watch = new Watch();
        if (everyMs !== null) watch.tick(everyMs);
        await using server = await startServer(serverOptions);
        const to = serverOptions.address === "::" ? `127.0.0.1:${server.port}` : server.target;
        const client = await runClient({ ...clientOptions, to });
        assert.equal(client.failed, 0);
        watch.poll();
        const { workers } = await server.stop();
        const snapshot = watch.snapshot();
        assertSame(snapshot, client, ...workers);
        assert.equal(rowOfPid(snapshot, client.pid).connections.opened, client.connections);
      });
    }
  }

  test("several processes at once, some in another network namespace, over IPv4 and IPv6", async () => {
    await withNamespace(async (namespace) => {
      using watch = new Watch({ groupBy: "source.pid" }).tick(EVERY_MS);
      await using inside = await startServer({ within: namespace.within, address: "0.0.0.0" });
      await using inside6 = await startServer({ within: namespace.within, address: "::", family: 6 });
      await using outside = await startServer({ address: "0.0.0.0", workers: 2 });
      await using local = await startServer({});
      const sizes = {
        connections: 100,
        parallel: 4,
        sendBytes: [0, 90_000],
        receiveBytes: [0, 90_000],
      } as const;
      const clients = await Promise.all([
        runClient({ ...sizes, to: `${namespace.address}:${inside.port}`, seed: 1 }),
        runClient({ ...sizes, to: `[${namespace.address6}]:${inside6.port}`, seed: 2 }),
        runClient({
          ...sizes,
          to: `${namespace.hostAddress}:${outside.port}`,
          within: namespace.within,
          seed: 3,
        }),
        runClient({ ...sizes, to: `127.0.0.1:${inside.port}`, within: namespace.within, seed: 4 }),
        runClient({ ...sizes, to: local.target, seed: 5 }),
      ]);
      watch.poll();
      const servers = await Promise.all([inside, inside6, outside, local].map((server) => server.stop()));
      assertSame(watch.snapshot(), ...clients, ...servers.flatMap(({ workers }) => workers));
    });
  });
});

describe("a connection older than npmon", () => {
  for (const family of [4, 6] as const) {
    test(`shows its process, its direction and only the bytes since npmon started, over IPv${family}`, async () => {
      await using server = await startServer({ family });
      await using hold = await startHold({
        to: server.target,
        connections: 3,
        receiveBytes: 5000,
        sendBytes: 0,
      });
      const before = await hold.send(1000);
      assert.equal(before, 3000);
      using watch = new Watch({ groupBy: "source.pid,direction,destination.pid" });
      assert.deepEqual(
        watch
          .snapshot()
          .flows.filter((flow) => flow.source?.pid === hold.pid)
          .map((flow) => flow.bytes_sent),
        [0],
      );
      assert.equal(await hold.send(77), 231);
      await watchUntil(watch, (snapshot) => {
        const client = snapshot.flows.find((flow) => flow.source?.pid === hold.pid);
        const accepted = snapshot.flows.find((flow) => flow.destination?.pid === hold.pid);
        if (accepted?.bytes_received === 0) return false;
        assert.deepEqual(
          [client?.bytes_sent, client?.direction, client?.destination?.pid],
          [231, "outgoing", server.pids[0]],
        );
        assert.deepEqual(
          [accepted?.bytes_received, accepted?.direction, accepted?.source?.pid],
          [231, "incoming", server.pids[0]],
        );
        assert.deepEqual([client?.connections.active, client?.connections.opened], [3, 0]);
        return true;
      });
      await hold.stop();
      const ended = { bytes: 0, closed: 0 };
      // not all at once: an end is closed when the other one has closed too
      await watchUntil(watch, (snapshot) => {
        const row = snapshot.flows.find((flow) => flow.source?.pid === hold.pid);
        ended.bytes += row?.bytes_sent ?? 0;
        ended.closed += row?.connections.closed ?? 0;
        return (row?.connections.active ?? 0) === 0;
      });
      assert.deepEqual(ended, { bytes: 0, closed: 3 });
    });
  }
});

/** Passes until `met` says that what was waited for is there. */
async function watchUntil(watch: Watch, met: (snapshot: Snapshot) => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!met(watch.snapshot())) {
    assert.ok(performance.now() < deadline, "it never came");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe("connections that fail", () => {
  test("refused ones are failures of the process that tried, and no connections", async () => {
    using watch = new Watch();
    const refused = await runRefused({ to: "127.0.0.1:1", connections: 25 });
    assert.equal(refused.refused, 25);
    const { connections } = rowOfPid(watch.snapshot(), refused.pid);
    assert.deepEqual([connections.failed.refused, connections.opened, connections.closed], [25, 0, 0]);
  });

  test("a reset is a failure of the end that received it, and its bytes count", async () => {
    using watch = new Watch();
    await using server = await startServer();
    const client = await runReset({ to: server.target, connections: 30, sendBytes: 5000 });
    watch.poll();
    const totals = await server.stop();
    const snapshot = watch.snapshot();
    assert.equal(totals.resets, 30);
    assert.equal(rowOfPid(snapshot, client.pid).bytes_sent, client.bytes_sent);
    const accepted = rowOfPid(snapshot, totals.pid);
    assert.deepEqual([accepted.connections.failed.reset, accepted.connections.closed], [30, 30]);
    assert.equal(accepted.bytes_received, client.bytes_sent);
  });
});
