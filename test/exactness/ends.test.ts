import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ConnectionCounts, Snapshot } from "../../src/snapshot/snapshot.ts";
import { Actor } from "../traffic/actor.ts";
import { connect } from "../traffic/pair.ts";
import { assertBytes, assertNothingLost, rowsOfPid, sumOf } from "./compare.ts";
import { Watch } from "./watch.ts";

const NO_FAILURES = { refused: 0, reset: 0, timed_out: 0, unreachable: 0, other: 0 };

function endOf(snapshot: Snapshot, { pid }: Actor): ConnectionCounts {
  const [row] = rowsOfPid([snapshot], pid);
  assert.ok(row !== undefined, `no row of ${pid}`);
  return row.connections;
}

describe("however a connection ends, what is said of it is so", () => {
  let watch: Watch;
  let server: Actor;
  let client: Actor;
  before(() => {
    watch = new Watch();
  });
  after(() => watch[Symbol.dispose]());

  async function begin(): Promise<AsyncDisposable> {
    server = await Actor.start();
    client = await Actor.start();
    return {
      [Symbol.asyncDispose]: async () => {
        await client.close();
        await server.close();
      },
    };
  }

  const once = { active: 0, opened: 1, closed: 1 };

  for (const first of ["client", "server"] as const) {
    test(`half closed by the ${first}, which goes on receiving`, async () => {
      await using _ = await begin();
      const { from, at } = await connect(server, client);
      const [[early, out], [late, into]] =
        first === "client"
          ? ([
              [client, from],
              [server, at],
            ] as const)
          : ([
              [server, at],
              [client, from],
            ] as const);
      await early.act("send", "send", out, 500, 500);
      await early.act("shutdown", out, "w");
      await late.act("receive", "recv", into, 1000, 1000);
      const halfway = watch.snapshot();
      assert.equal(rowsOfPid([halfway], late.pid)[0]?.bytes_received, 500);
      assert.equal(endOf(halfway, early).active, 1);
      const sending = late.act("send", "send", into, 700_000, 50_000);
      await early.act("receive", "recv", out, 700_000, 50_000);
      await sending;
      await late.act("close", into);
      await early.act("close", out);
      const snapshot = watch.snapshot();
      assertBytes([halfway, snapshot], await server.totals(), await client.totals());
      for (const actor of [server, client]) {
        assert.deepEqual(endOf(snapshot, actor), {
          active: 0,
          opened: 0,
          closed: 1,
          failed: NO_FAILURES,
        });
      }
    });
  }

  for (const [what, by] of [
    ["SO_LINGER 0", "linger"],
    ["bytes left unread", "unread"],
    ["a disconnect", "disconnect"],
  ] as const) {
    test(`reset in the middle by ${what}: each end has what left it and what reached it, one has a failure`, async () => {
      await using _ = await begin();
      const { from, at } = await connect(server, client, { listening: { rcvbuf: 4000 } });
      // More than fits: a part was taken by the call and never left the socket.
      await client.act("option", from, "nonblock", 1);
      await client.attempt("send", "send", from, 0, 1_000_000);
      await server.act("receive", "recv", at, 3000, 1000);
      if (by === "linger") await server.act("option", at, "reset_on_close", 1);
      await server.act(by === "disconnect" ? "disconnect" : "close", at);
      await client.act("await", from, "err", 5000);
      assert.equal((await client.attempt("receive", "recv", from, 0, 10)).error, "ECONNRESET");
      const snapshot = watch.snapshot();
      assertNothingLost([snapshot]);
      const taken = (await client.totals()).bytes_sent;
      const left = sumOf(rowsOfPid([snapshot], client.pid)).bytes_sent;
      const arrived = sumOf(rowsOfPid([snapshot], server.pid)).bytes_received;
      const read = (await server.totals()).bytes_received;
      assert.equal(read, 3000);
      assert.ok(taken > left && left >= arrived && arrived >= read, `${taken} ${left} ${arrived} ${read}`);
      assert.deepEqual(endOf(snapshot, client), { ...once, failed: { ...NO_FAILURES, reset: 1 } });
      assert.deepEqual(endOf(snapshot, server), { ...once, failed: NO_FAILURES });
    });
  }

  test("reset by the client when everything had arrived: both ends have all bytes, read or not", async () => {
    await using _ = await begin();
    const { from, at } = await connect(server, client);
    await client.act("send", "send", from, 9000, 9000);
    assert.equal(await client.act("unacknowledged", from, 5000), 0);
    await client.act("option", from, "reset_on_close", 1);
    await client.act("close", from);
    await server.act("await", at, "err", 5000);
    const snapshot = watch.snapshot();
    const { pid, bytes_received } = await server.totals();
    assert.equal(bytes_received, 0);
    assertBytes([snapshot], await client.totals(), { ...(await server.totals()), pid, bytes_received: 9000 });
    await server.act("close", at);
    assert.deepEqual(endOf(snapshot, server).failed, { ...NO_FAILURES, reset: 1 });
    assert.deepEqual(endOf(snapshot, client).failed, NO_FAILURES);
  });

  test("a reset that answers what was sent after the other end had closed is a reset", async () => {
    await using _ = await begin();
    const { from, at } = await connect(server, client);
    await server.act("close", at);
    await client.act("send", "send", from, 10, 10);
    await client.act("await", from, "err", 5000);
    assert.equal((await client.attempt("send", "send", from, 0, 10)).error, "EPIPE");
    const snapshot = watch.snapshot();
    assertNothingLost([snapshot]);
    assert.equal(rowsOfPid([snapshot], client.pid)[0]?.bytes_sent, 10);
    assert.deepEqual(endOf(snapshot, client), { ...once, failed: { ...NO_FAILURES, reset: 1 } });
    assert.deepEqual(endOf(snapshot, server), { ...once, failed: NO_FAILURES });
  });

  for (const address of ["127.0.0.1:1", "[::1]:1"]) {
    test(`refused by ${address}`, async () => {
      await using _ = await begin();
      const fd = await client.open(address.startsWith("[") ? "tcp6" : "tcp4");
      assert.equal((await client.attempt("connect", fd, address)).error, "ECONNREFUSED");
      assert.deepEqual(endOf(watch.snapshot(), client), {
        active: 0,
        opened: 0,
        closed: 0,
        failed: { ...NO_FAILURES, refused: 1 },
      });
    });
  }

  test("a process killed with its sockets open", async () => {
    await using _ = await begin();
    const { from, at } = await connect(server, client);
    await client.act("send", "send", from, 4000, 4000);
    await server.act("receive", "recv", at, 4000, 4000);
    const truth = await client.totals();
    await client.close();
    assert.equal(await server.act("receive", "recv", at, 0, 10), 0);
    await server.act("close", at);
    const snapshot = watch.snapshot();
    assertBytes([snapshot], truth, await server.totals());
    assert.deepEqual(endOf(snapshot, client), { ...once, failed: NO_FAILURES });
  });

  test("closed with more on the way than the other end has read: the kernel goes on sending for a process that is gone", async () => {
    await using _ = await begin();
    const { from, at } = await connect(server, client, { listening: { rcvbuf: 4000 } });
    const sent = (await client.attempt("send", "send", from, 0, 400_000, "dontwait")).value;
    const truth = await client.end();
    assert.equal(await server.act("receive", "recv", at, 1_000_000, 1000), sent);
    await server.act("close", at);
    assertBytes([watch.snapshot()], truth, await server.totals());
  });

  test("connections that nobody accepts are the listening process's", async () => {
    await using _ = await begin();
    const { fd: listener, address } = await server.serve("tcp4", "127.0.0.1");
    for (let index = 0; index < 3; index++) {
      const fd = await client.open("tcp4");
      await client.act("connect", fd, address);
      await client.act("send", "send", fd, 100, 100);
      await client.act("unacknowledged", fd, 5000);
    }
    const open = watch.snapshot();
    assertBytes([open], await client.totals(), { ...(await server.totals()), bytes_received: 300 });
    assert.equal(endOf(open, server).active, 3);
    await server.act("close", listener);
    const closed = watch.snapshot();
    assertBytes([closed], { ...(await server.totals()), bytes_received: 0 });
    assert.deepEqual([endOf(closed, server).active, endOf(closed, server).closed], [0, 3]);
    assert.deepEqual(endOf(closed, client).failed, { ...NO_FAILURES, reset: 3 });
  });

  test("a socket connected to itself sends and receives the same bytes, and is its own destination", async () => {
    using alone = new Watch({ groupBy: "source.pid,destination.pid,direction" });
    await using self = await Actor.start();
    const { fd: listener, address } = await self.serve("tcp4", "127.0.0.1");
    await self.act("close", listener);
    const fd = await self.open("tcp4");
    await self.act("option", fd, "reuseaddr", 1);
    await self.act("bind", fd, address);
    await self.act("connect", fd, address);
    await self.act("send", "send", fd, 1234, 1234);
    await self.act("receive", "recv", fd, 1234, 1234);
    const snapshot = alone.snapshot();
    assertBytes([snapshot], await self.totals());
    assert.deepEqual(
      rowsOfPid([snapshot], self.pid).map(({ destination, direction }) => [destination?.pid, direction]),
      [[self.pid, "outgoing"]],
    );
    await self.act("close", fd);
    assert.deepEqual(endOf(alone.snapshot(), self).failed, NO_FAILURES);
  });
});
