import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Actor } from "../traffic/actor.ts";
import { assertDatagrams, BY_PEER, eventually, rowsOfPid, sumOf } from "./compare.ts";
import { Watch } from "./watch.ts";

describe("many datagrams, many peers, many who share", () => {
  test("one server with 300 peers, each with its own numbers", async () => {
    using watch = new Watch({ groupBy: BY_PEER });
    await using server = await Actor.start();
    await using client = await Actor.start();
    const { fd: at, address: to } = await server.serve("udp4", "127.0.0.1");
    for (let peer = 0; peer < 300; peer++) {
      const fd = await client.open("udp4");
      for (let datagram = 0; datagram <= peer % 4; datagram++) {
        await client.act("send", "sendto", fd, 0, 10 + peer, "-", to);
      }
      const { address } = await server.attempt("receive", "recvfrom", at, 0, 2000);
      await server.act("soak", "recvfrom", at, 2000, 0);
      await server.act("send", "sendto", at, 0, 3 * peer, "-", address ?? "");
      await client.act("receive", "recvfrom", fd, 0, 2000);
    }
    const totals = await server.totals();
    assert.equal(totals.peers.length, 300);
    assertDatagrams([watch.snapshot()], totals, await client.totals());
  });

  test("two processes that share a socket by fork have each their own datagrams", async () => {
    using watch = new Watch({ groupBy: BY_PEER });
    await using server = await Actor.start();
    await using client = await Actor.start();
    const { fd: at, address: to } = await server.serve("udp4", "127.0.0.1");
    const fd = await client.open("udp4");
    const child = await server.fork();
    for (const [actor, size] of [
      [server, 100],
      [child, 2000],
      [child, 0],
      [server, 30],
    ] as const) {
      await client.act("send", "sendto", fd, 0, size, "-", to);
      await actor.act("receive", "recvfrom", at, 0, 65_536);
      await actor.act(
        "send",
        "sendto",
        at,
        0,
        size + 1,
        "-",
        (await client.name(fd)).replace("0.0.0.0", "127.0.0.1"),
      );
    }
    const truth = [await server.totals(), await child.totals(), await client.totals()];
    assert.deepEqual(
      truth.map(({ bytes_received, bytes_sent }) => [bytes_received, bytes_sent]),
      [
        [130, 132],
        [2000, 2002],
        [0, 2130],
      ],
    );
    assertDatagrams([watch.snapshot()], ...truth);
  });

  test("5,000 sockets that live for one datagram each, while passes run", async () => {
    using watch = new Watch().tick(10);
    await using server = await Actor.start();
    await using client = await Actor.start();
    const { fd: at, address: to } = await server.serve("udp4", "127.0.0.1");
    const soaking = server.attempt("soak", "recvfrom", at, 2000, 500);
    const { calls } = await client.attempt("sparks", 40, 5000, to);
    assert.equal(calls, 5000);
    await soaking;
    assertDatagrams([watch.snapshot()], await server.totals(), await client.totals());
  });

  test("200,000 datagrams as fast as they go, while passes run", async (t) => {
    using watch = new Watch({ groupBy: BY_PEER }).tick(50);
    await using server = await Actor.start();
    await using client = await Actor.start();
    const { fd: at, address: to } = await server.serve("udp4", "127.0.0.1");
    const fd = await client.open("udp4");
    const soaking = server.attempt("soak", "recvfrom", at, 2000, 500);
    const started = performance.now();
    const { calls } = await client.attempt("volley", "sendto", fd, 64, 200_000, to);
    t.diagnostic(`${Math.round((calls / (performance.now() - started)) * 1000)} datagrams a second`);
    assert.equal(calls, 200_000);
    // The receiver's buffer may overflow: what it never received is not its own.
    const received = await soaking;
    assert.ok(received.calls > 0);
    assertDatagrams([watch.snapshot()], await server.totals(), await client.totals());
  });

  test("threads of one process that send on one socket to different peers at once", async () => {
    using watch = new Watch({ groupBy: BY_PEER }).tick(20);
    await using server = await Actor.start();
    await using client = await Actor.start();
    const peers: string[] = [];
    for (let i = 0; i < 8; i++) peers.push((await server.serve("udp4", "127.0.0.1")).address);
    const fd = await client.open("udp4");
    await client.act("crowd", fd, 100, 5000, ...peers);
    const totals = await client.totals();
    assert.deepEqual(
      totals.peers.map(({ peer, packets_sent }) => [peer, packets_sent]).sort(),
      peers.map((peer) => [peer, 5000]).sort(),
    );
    assertDatagrams([watch.snapshot()], totals);
  });

  for (const idle of [1, 2, 3, 6]) {
    test(`a flow that is idle for ${idle} passes and goes on loses nothing, and both ends stay named`, async () => {
      using watch = new Watch({ groupBy: "source.pid,destination.pid" });
      await using server = await Actor.start();
      await using client = await Actor.start();
      const { fd: at, address: to } = await server.serve("udp4", "127.0.0.1");
      const fd = await client.open("udp4");
      await client.act("connect", fd, to);
      const snapshots = [];
      for (let round = 0; round < 4; round++) {
        await client.act("send", "send", fd, 0, 100 + round);
        const { address } = await server.attempt("receive", "recvfrom", at, 0, 1000);
        await server.act("send", "sendto", at, 0, 200 + round, "-", address ?? "");
        await client.act("receive", "recv", fd, 0, 1000);
        for (let pass = 0; pass < idle; pass++) watch.collect();
        snapshots.push(watch.snapshot());
      }
      assertDatagrams(snapshots, await server.totals(), await client.totals());
      for (const snapshot of snapshots) {
        assert.deepEqual(
          [client, server].flatMap(({ pid }) =>
            rowsOfPid([snapshot], pid).map((row) => row.destination?.pid),
          ),
          [server.pid, client.pid],
        );
      }
    });
  }

  test("beyond the capacity, what is missing is exactly what is said to be lost", async () => {
    using watch = new Watch({ groupBy: BY_PEER, capacity: 512 });
    await using client = await Actor.start();
    const fd = await client.open("udp4");
    for (let peer = 1; peer <= 1500; peer++) {
      await client.act("volley", "sendto", fd, peer, 3, `127.0.0.1:${9000 + peer}`);
    }
    const snapshots = [watch.snapshot()];
    // What is without a row gets one when those that have one have faded.
    await eventually(() => {
      watch.collect();
      snapshots.push(watch.snapshot());
      return snapshots.at(-1)?.probe.waiting === 0;
    }, "a row for every flow");
    const totals = await client.totals();
    const seen = sumOf(rowsOfPid(snapshots, client.pid));
    const lost = snapshots.reduce((sum, { probe }) => sum + probe.lost, 0);
    const lostBytes = snapshots.reduce((sum, { probe }) => sum + probe.lost_bytes, 0);
    assert.ok(lost > 0, "the table was to overflow");
    assert.equal(seen.packets_sent + lost, totals.packets_sent);
    assert.equal(seen.bytes_sent + lostBytes, totals.bytes_sent);
  });

  test("3,000 peers one after the other fit a table of 1,024, because flows that fade make room", async () => {
    using watch = new Watch({ groupBy: BY_PEER, capacity: 1024 });
    await using client = await Actor.start();
    const fd = await client.open("udp4");
    const snapshots = [];
    for (let peer = 1; peer <= 3000; peer++) {
      await client.act("send", "sendto", fd, 0, peer, "-", `127.0.0.1:${9000 + peer}`);
      if (peer % 100 !== 0) continue;
      watch.collect();
      snapshots.push(watch.snapshot());
    }
    assertDatagrams(snapshots, await client.totals());
  });
});
