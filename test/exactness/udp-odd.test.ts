import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { Actor } from "../traffic/actor.ts";
import { assertDatagrams, BY_PEER, rowsOfPid, sumOf } from "./compare.ts";
import { Watch } from "./watch.ts";

/** A server on a port of its own, and a client connected to it. */
async function pair(server: Actor, client: Actor): Promise<{ to: string; from: number; at: number }> {
  const { fd: at, address: to } = await server.serve("udp4", "127.0.0.1");
  const from = await client.open("udp4");
  await client.act("connect", from, to);
  return { to, from, at };
}

describe("what counts as a datagram", () => {
  let watch: Watch;
  before(() => {
    watch = new Watch({ groupBy: `${BY_PEER},direction` });
  });
  after(() => watch[Symbol.dispose]());

  function moved(snapshot: Snapshot, { pid }: Actor): number[] {
    const sum = sumOf(rowsOfPid([snapshot], pid));
    return [sum.bytes_sent, sum.packets_sent, sum.bytes_received, sum.packets_received];
  }

  test("one that was only looked at counts when it is taken", async () => {
    await using server = await Actor.start();
    await using client = await Actor.start();
    const { from, at } = await pair(server, client);
    await client.act("send", "send", from, 0, 700);
    for (const way of ["recv", "recvfrom", "recvmsg", "recvmsg_nameless"]) {
      assert.equal(await server.act("receive", way, at, 0, 1000, "peek"), 700);
    }
    assert.deepEqual(moved(watch.snapshot(), server), [0, 0, 0, 0]);
    assert.equal(await server.act("receive", "recvfrom", at, 0, 1000), 700);
    const snapshot = watch.snapshot();
    assert.deepEqual(moved(snapshot, server), [0, 0, 700, 1]);
    assertDatagrams([snapshot], await server.totals());
  });

  test("one that was cut counts with the bytes the call returned: what fitted, or all with MSG_TRUNC", async () => {
    await using server = await Actor.start();
    await using client = await Actor.start();
    const { from, at } = await pair(server, client);
    await client.act("send", "send", from, 0, 5000);
    await client.act("send", "send", from, 0, 5000);
    assert.equal(await server.act("receive", "recvfrom", at, 0, 100), 100);
    assert.equal(await server.act("receive", "recvfrom", at, 0, 100, "trunc"), 5000);
    const snapshot = watch.snapshot();
    assert.deepEqual(moved(snapshot, server), [0, 0, 5100, 2]);
    assert.deepEqual(moved(snapshot, client), [10_000, 2, 0, 0]);
    assertDatagrams([snapshot], await server.totals(), await client.totals());
  });

  test("one without a byte is a datagram", async () => {
    await using server = await Actor.start();
    await using client = await Actor.start();
    const { from, at } = await pair(server, client);
    await client.act("send", "send", from, 0, 0);
    await server.act("receive", "recvfrom", at, 0, 100);
    const snapshot = watch.snapshot();
    assert.deepEqual(moved(snapshot, client), [0, 1, 0, 0]);
    assert.deepEqual(moved(snapshot, server), [0, 0, 0, 1]);
  });

  test("a call that failed counts nothing, one that succeeded counts though nobody was there", async () => {
    await using client = await Actor.start();
    const fd = await client.open("udp4");
    await client.act("connect", fd, "127.0.0.1:1");
    await client.act("send", "send", fd, 0, 321);
    const errors: (string | null)[] = [];
    for (const [way, ...rest] of [
      ["send", 0, 5],
      ["sendto", 0, 70_000, "-", "127.0.0.1:2"],
      ["sendmsg", 0, 70_000],
    ] as const) {
      errors.push((await client.attempt("send", way, fd, ...rest)).error);
    }
    assert.deepEqual(errors, ["ECONNREFUSED", "EMSGSIZE", "EMSGSIZE"]);
    assert.equal((await client.attempt("receive", "recvfrom", fd, 0, 10, "dontwait")).error, "EAGAIN");
    const snapshot = watch.snapshot();
    assert.deepEqual(moved(snapshot, client), [321, 1, 0, 0]);
    assertDatagrams([snapshot], await client.totals());
  });

  test("the address of a call that failed is not taken for that of the next one", async () => {
    await using server = await Actor.start();
    await using client = await Actor.start();
    const { from, to } = await pair(server, client);
    await client.attempt("send", "sendto", from, 0, 70_000, "-", "127.0.0.9:9");
    await client.attempt("receive", "recvmsg", from, 0, 10, "dontwait");
    await client.act("send", "send", from, 0, 55);
    const rows = rowsOfPid([watch.snapshot()], client.pid);
    assert.deepEqual(
      rows.map(({ destination, bytes_sent }) => [`${destination?.ip}:${destination?.port}`, bytes_sent]),
      [[to, 55]],
    );
  });

  test("what comes back in the error queue was not received", async () => {
    await using client = await Actor.start();
    const fd = await client.open("udp4");
    await client.act("option", fd, "recverr", 1);
    await client.act("connect", fd, "127.0.0.1:1");
    await client.act("send", "send", fd, 0, 444);
    assert.equal(await client.act("receive", "recvmsg", fd, 0, 1000, "errqueue"), 444);
    assert.deepEqual(moved(watch.snapshot(), client), [444, 1, 0, 0]);
  });

  test("pieces that MSG_MORE makes one datagram of are all in the bytes, each call a packet", async () => {
    await using server = await Actor.start();
    await using client = await Actor.start();
    const { from, at } = await pair(server, client);
    for (const flags of ["more", "more", "-"]) await client.act("send", "send", from, 0, 100, flags);
    assert.equal(await server.act("receive", "recvfrom", at, 0, 1000), 300);
    const snapshot = watch.snapshot();
    assert.deepEqual(moved(snapshot, client), [300, 3, 0, 0]);
    assert.deepEqual(moved(snapshot, server), [0, 0, 300, 1]);
  });

  test("with segmentation in the kernel bytes are exact, and a packet is a call", async () => {
    await using server = await Actor.start();
    await using client = await Actor.start();
    const { from, at } = await pair(server, client);
    await client.act("option", from, "udp_segment", 500);
    assert.equal(await client.act("send", "send", from, 0, 5200), 5200);
    const split = await server.attempt("soak", "recvfrom", at, 65_536, 0);
    assert.deepEqual([split.value, split.calls], [5200, 11]);
    await server.act("option", at, "udp_gro", 1);
    assert.equal(await client.act("send", "send", from, 0, 5200), 5200);
    const joined = await server.attempt("soak", "recvfrom", at, 65_536, 0);
    assert.equal(joined.value, 5200);
    assert.ok(joined.calls < 11, "UDP_GRO was to join datagrams");
    const snapshot = watch.snapshot();
    assert.deepEqual(moved(snapshot, client), [10_400, 2, 0, 0]);
    assert.deepEqual(moved(snapshot, server), [0, 0, 10_400, 11 + joined.calls]);
  });

  test("received without asking who sent it, on a socket without a peer: bytes of a destination nobody guessed", async () => {
    await using server = await Actor.start();
    await using client = await Actor.start();
    const { from, at } = await pair(server, client);
    // The kernel asks for the address on behalf of recvmsg even when the caller does not.
    const asking = ["recvfrom", "recvmsg", "recvmmsg", "recvmsg_nameless"];
    for (const way of ["recv", "read", "readv", "splice", "ring", ...asking]) {
      await client.act("send", "send", from, 0, 250);
      assert.equal(await server.act("receive", way, at, 0, 1000), 250);
    }
    const rows = rowsOfPid([watch.snapshot()], server.pid);
    assert.deepEqual(
      rows.map(({ destination, bytes_received }) => [
        destination?.ip === null ? null : `${destination?.ip}:${destination?.port}`,
        bytes_received,
      ]),
      [
        [null, 5 * 250],
        [await client.name(from), asking.length * 250],
      ],
    );
  });

  test("who began: the end whose port the kernel chose, or whoever spoke first", async () => {
    await using server = await Actor.start();
    await using client = await Actor.start();
    await using pusher = await Actor.start();
    const { from, to, at } = await pair(server, client);
    await client.act("send", "send", from, 0, 10);
    await server.act("receive", "recvfrom", at, 0, 100);
    await server.act("send", "sendto", at, 0, 10, "-", await client.name(from));
    await client.act("receive", "recv", from, 0, 100);
    const push = await pusher.serve("udp4", "127.0.0.1");
    await pusher.act("send", "sendto", push.fd, 0, 20, "-", to);
    await server.act("receive", "recvfrom", at, 0, 100);
    const snapshot = watch.snapshot();
    const directions = [client, server, pusher].map(({ pid }) => [
      ...new Set(rowsOfPid([snapshot], pid).map(({ direction }) => direction)),
    ]);
    assert.deepEqual(directions, [["outgoing"], ["incoming"], ["outgoing"]]);
  });
});
