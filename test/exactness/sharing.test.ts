import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Actor, type Ledger } from "../traffic/actor.ts";
import { withNamespace } from "../traffic/namespace.ts";
import { connect, type Pair } from "../traffic/pair.ts";
import { assertBytes, rowsOfPid, sumOf } from "./compare.ts";
import { Watch } from "./watch.ts";

/** What several processes moved through the sockets of one: theirs are all its own. */
function together(owner: Ledger, ...others: readonly Ledger[]): Ledger[] {
  return [
    { ...owner, ...sumOf([owner, ...others]) },
    ...others.map((other) => ({ ...other, bytes_sent: 0, bytes_received: 0 })),
  ];
}

/** Bytes from one end to the other, and as many and five back. */
async function exchange(
  [here, out]: readonly [Actor, number],
  [there, into]: readonly [Actor, number],
  bytes: number,
): Promise<void> {
  await here.act("send", "send", out, bytes, bytes);
  await there.act("receive", "recv", into, bytes, bytes);
  await there.act("send", "send", into, bytes + 5, bytes + 5);
  await here.act("receive", "recv", out, bytes + 5, bytes + 5);
}

describe("a connection belongs to one process, with all the bytes that anyone moves through it", () => {
  let watch: Watch;
  let client: Actor;
  let server: Actor;
  let pair: Pair;
  let mailboxes = 0;
  before(() => {
    watch = new Watch();
  });
  after(() => watch[Symbol.dispose]());

  async function begin(): Promise<AsyncDisposable> {
    server = await Actor.start();
    client = await Actor.start();
    pair = await connect(server, client);
    return {
      [Symbol.asyncDispose]: async () => {
        await client.close();
        await server.close();
      },
    };
  }

  /** The receiver's descriptor for a socket of the giver's, which has it still. */
  async function pass(giver: Actor, fd: number, receiver: Actor): Promise<number> {
    const name = `npmon-test-${process.pid}-${mailboxes++}`;
    await receiver.act("mailbox", name);
    await giver.act("give", fd, name);
    return receiver.act("take");
  }

  test("one that connected and passed the socket on keeps it, even when it has ended", async () => {
    await using _ = await begin();
    await using taker = await Actor.start();
    await exchange([client, pair.from], [server, pair.at], 100);
    const taken = await pass(client, pair.from, taker);
    const ended = await client.end();
    await exchange([taker, taken], [server, pair.at], 2000);
    const truth = [...together(ended, await taker.totals()), await server.totals()];
    await taker.act("close", taken);
    await server.act("close", pair.at);
    assertBytes([watch.snapshot()], ...truth);
  });

  test("one that accepted and passed the socket on before any pass is not the owner, the holder is", async () => {
    await using _ = await begin();
    await using taker = await Actor.start();
    await exchange([client, pair.from], [server, pair.at], 100);
    const taken = await pass(server, pair.at, taker);
    await server.act("close", pair.at);
    await exchange([client, pair.from], [taker, taken], 2000);
    const truth = [...together(await taker.totals(), await server.totals()), await client.totals()];
    assertBytes([watch.snapshot()], ...truth);
  });

  test("one that a pass met holding the accepted socket keeps it when it passes the socket on", async () => {
    await using _ = await begin();
    await using taker = await Actor.start();
    const snapshots = [watch.snapshot()];
    const taken = await pass(server, pair.at, taker);
    await server.act("close", pair.at);
    await exchange([client, pair.from], [taker, taken], 2000);
    const truth = [...together(await server.totals(), await taker.totals()), await client.totals()];
    snapshots.push(watch.snapshot());
    assertBytes(snapshots, ...truth);
  });

  test("the child of a server that forks for each connection is the owner, when its parent closed first", async () => {
    await using _ = await begin();
    const child = await server.fork();
    await server.act("close", pair.at);
    await exchange([client, pair.from], [child, pair.at], 700);
    const truth = [await child.totals(), await server.totals(), await client.totals()];
    await child.act("close", pair.at);
    assertBytes([watch.snapshot()], ...truth);
  });

  test("the parent that a pass met holding the accepted socket stays the owner of what its child moves", async () => {
    await using _ = await begin();
    const snapshots = [watch.snapshot()];
    const child = await server.fork();
    await server.act("close", pair.at);
    await exchange([client, pair.from], [child, pair.at], 700);
    const truth = [...together(await server.totals(), await child.totals()), await client.totals()];
    snapshots.push(watch.snapshot());
    assertBytes(snapshots, ...truth);
  });

  test("the child that ended leaves its connection to nobody else", async () => {
    await using _ = await begin();
    const child = await server.fork();
    await child.act("shutdown", pair.at, "w");
    await client.act("send", "send", pair.from, 10, 10);
    await child.act("receive", "recv", pair.at, 10, 10);
    const ended = await child.totals();
    await server.act("end", child.pid);
    await client.act("send", "send", pair.from, 333, 333);
    await server.act("receive", "recv", pair.at, 333, 333);
    assertBytes([watch.snapshot()], ...together(ended, await server.totals()), await client.totals());
  });

  test("of prefork workers each has what it accepted, their parent nothing", async () => {
    await using parent = await Actor.start();
    await using caller = await Actor.start();
    const { fd: listener, address } = await parent.serve("tcp4", "127.0.0.1");
    const workers = [await parent.fork(), await parent.fork(), await parent.fork()];
    for (const [index, worker] of workers.entries()) {
      const fd = await caller.open("tcp4");
      await caller.act("connect", fd, address);
      const at = await worker.act("accept", listener);
      await exchange([caller, fd], [worker, at], 1000 * (index + 1));
      if (index === 0) await worker.act("close", at);
      if (index === 1) await caller.act("close", fd);
    }
    const truth = [await caller.totals(), await parent.totals()];
    for (const worker of workers) truth.push(await worker.totals());
    assertBytes([watch.snapshot()], ...truth);
  });

  test("the child that connected a socket of its parent's owns it, also when it has ended", async () => {
    await using parent = await Actor.start();
    await using other = await Actor.start();
    const { fd: listener, address } = await other.serve("tcp4", "127.0.0.1");
    const fd = await parent.open("tcp4");
    const child = await parent.fork();
    await child.act("connect", fd, address);
    const at = await other.act("accept", listener);
    await exchange([child, fd], [other, at], 40);
    const ended = await child.totals();
    await parent.act("end", child.pid);
    await exchange([parent, fd], [other, at], 5000);
    assertBytes([watch.snapshot()], ...together(ended, await parent.totals()), await other.totals());
  });

  test("one that executes another program after it connected is still the same process", async () => {
    await using _ = await begin();
    await exchange([client, pair.from], [server, pair.at], 60);
    const snapshots = [watch.snapshot()];
    await client.exec();
    await exchange([client, pair.from], [server, pair.at], 600);
    snapshots.push(watch.snapshot());
    const totals = await client.totals();
    assert.equal(totals.bytes_sent, 660);
    assertBytes(snapshots, totals, await server.totals());
  });

  test("threads that send on one connection at once are their process", async () => {
    await using _ = await begin();
    const bytes = 200 * (100 + 101 + 102 + 103);
    const receiving = server.act("receive", "recv", pair.at, bytes, 65_536);
    await client.act("crowd", pair.from, 100, 200, ...Array<string>(4).fill(pair.address));
    assert.equal(await receiving, bytes);
    const truth = [await client.totals(), await server.totals()];
    assert.equal(truth[0]?.bytes_sent, bytes);
    assertBytes([watch.snapshot()], ...truth);
  });

  test("a socket of another network namespace counts for the process here that it was passed to", async () => {
    await withNamespace(async (namespace) => {
      await using inside = await Actor.start({ within: namespace.within });
      await using outside = await Actor.start();
      await using taker = await Actor.start();
      const { from, at } = await connect(inside, outside, { host: namespace.address });
      // Mailboxes are of a network namespace too.
      await taker.act("enter", `/run/netns/${namespace.name}`);
      const taken = await pass(inside, at, taker);
      await taker.act("enter", `/proc/${process.pid}/ns/net`);
      const ended = await inside.end();
      await exchange([outside, from], [taker, taken], 900);
      const truth = [...together(await taker.totals(), ended), await outside.totals()];
      assertBytes([watch.snapshot()], ...truth);
      await taker.act("close", taken);
    });
  });

  test("a process that made sockets in another namespace and came back owns both kinds", async () => {
    await withNamespace(async (namespace) => {
      await using inside = await Actor.start({ within: namespace.within });
      await using traveller = await Actor.start();
      const first = await connect(inside, traveller, { host: namespace.address });
      await traveller.act("enter", `/run/netns/${namespace.name}`);
      const second = await connect(inside, traveller, { host: "127.0.0.1" });
      await traveller.act("enter", `/proc/${process.pid}/ns/net`);
      for (const { from, at } of [first, second]) {
        await exchange([traveller, from], [inside, at], 800);
        await traveller.act("close", from);
      }
      assertBytes([watch.snapshot()], await traveller.totals(), await inside.totals());
    });
  });

  for (const [what, host, to] of [
    ["IPv4 to a socket of IPv6", "[::]", "127.0.0.1"],
    ["IPv4 from a socket of IPv6", "127.0.0.1", "[::ffff:127.0.0.1]"],
    ["IPv4 between sockets of IPv6", "[::]", "[::ffff:127.0.0.1]"],
  ] as const) {
    test(`both ends of ${what} find each other`, async () => {
      using mapped = new Watch({ groupBy: "source.pid,destination.pid,destination.ip,family" });
      await using listening = await Actor.start();
      await using calling = await Actor.start();
      const kind = host === "[::]" ? "tcp6" : "tcp4";
      const { from, at } = await connect(listening, calling, { kind, host, to });
      await exchange([calling, from], [listening, at], 123);
      const snapshot = mapped.snapshot();
      assertBytes([snapshot], await calling.totals(), await listening.totals());
      for (const [own, other] of [
        [calling, listening],
        [listening, calling],
      ] as const) {
        assert.deepEqual(
          rowsOfPid([snapshot], own.pid).map(({ destination, family }) => [
            destination?.pid,
            destination?.ip,
            family,
          ]),
          [[other.pid, "127.0.0.1", "ipv4"]],
        );
      }
    });
  }
});
