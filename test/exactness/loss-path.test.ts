import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Actor } from "../traffic/actor.ts";
import { withNamespace } from "../traffic/namespace.ts";
import { connect, type Pair } from "../traffic/pair.ts";
import { assertBytes, eventually, rowsOfPid } from "./compare.ts";
import { Watch } from "./watch.ts";

const BYTES = 1_500_000;
/** Small windows make many packets. */
const SMALL = { rcvbuf: 15_000, sndbuf: 15_000 };

/**
 * Loss without sch_netem, which not every kernel has: a socket filter that throws arriving packets away at random, a
 * queue that overflows, a link that goes down. TCP cannot tell the difference.
 */
describe("over a path that loses packets, bytes are exact and retransmits are the kernel's own count", () => {
  let watch: Watch;
  before(() => {
    watch = new Watch();
  });
  after(() => watch[Symbol.dispose]());

  async function move(
    [sender, out]: readonly [Actor, number],
    [receiver, into]: readonly [Actor, number],
  ): Promise<void> {
    const sending = sender.act("send", "send", out, BYTES, 100_000);
    assert.equal(await receiver.act("receive", "recv", into, BYTES, 100_000), BYTES);
    await sending;
    await sender.act("unacknowledged", out, 10_000);
  }

  /** Asks the kernel, closes, and holds npmon against both. Gives how many retransmits there were. */
  async function compare(server: Actor, client: Actor, { from, at }: Pair): Promise<number> {
    const truth = [
      { actor: client, retransmits: await client.act("info", from, "retransmits") },
      { actor: server, retransmits: await server.act("info", at, "retransmits") },
    ];
    await client.act("close", from);
    await server.act("close", at);
    const snapshot = watch.snapshot();
    assertBytes([snapshot], await client.totals(), await server.totals());
    for (const { actor, retransmits } of truth) {
      assert.equal(rowsOfPid([snapshot], actor.pid)[0]?.retransmits, retransmits);
    }
    return truth.reduce((sum, { retransmits }) => sum + retransmits, 0);
  }

  for (const [percent, ends] of [
    [20, "at the receiver"],
    [10, "at the receiver"],
    [10, "at the sender"],
    [5, "at both ends"],
  ] as const) {
    test(`${percent} % lost ${ends}`, async (t) => {
      await using server = await Actor.start();
      await using client = await Actor.start();
      const pair = await connect(server, client, { listening: SMALL, connecting: SMALL });
      const lossy: (readonly [Actor, number])[] = [];
      if (ends !== "at the sender") lossy.push([server, pair.at]);
      if (ends !== "at the receiver") lossy.push([client, pair.from]);
      for (const [actor, fd] of lossy) await actor.act("option", fd, "loss", percent);
      await move([client, pair.from], [server, pair.at]);
      await move([server, pair.at], [client, pair.from]);
      for (const [actor, fd] of lossy) await actor.act("option", fd, "loss", 0);
      const retransmits = await compare(server, client, pair);
      t.diagnostic(`${retransmits} retransmits`);
      assert.ok(retransmits > 0, "packets were to be lost");
    });
  }

  test("a SYN that is lost is a retransmit of the connection that comes of the next one", async () => {
    await using server = await Actor.start();
    await using client = await Actor.start();
    const { fd: listener, address } = await server.serve("tcp4", "127.0.0.1");
    await server.act("option", listener, "loss", 100);
    const from = await client.open("tcp4");
    await client.act("option", from, "nonblock", 1);
    assert.equal((await client.attempt("connect", from, address)).error, "EINPROGRESS");
    await server.act("option", listener, "loss", 0);
    const at = await server.act("accept", listener);
    await client.act("await", from, "out", 5000);
    await client.act("option", from, "nonblock", 0);
    await client.act("send", "send", from, 500, 500);
    await server.act("receive", "recv", at, 500, 500);
    assert.ok((await compare(server, client, { from, at, listener, address })) >= 1);
  });

  test("a queue too short for the path", async (t) => {
    await withNamespace(async (namespace) => {
      namespace.run("tc", ..."qdisc add dev eth0 root tbf rate 50mbit burst 5k limit 8k".split(" "));
      await using server = await Actor.start();
      await using client = await Actor.start({ within: namespace.within });
      const pair = await connect(server, client, { host: namespace.hostAddress });
      await move([client, pair.from], [server, pair.at]);
      await move([server, pair.at], [client, pair.from]);
      const dropped = /dropped (\d+)/.exec(namespace.run("tc", "-s", "qdisc", "show", "dev", "eth0"))?.[1];
      t.diagnostic(`${await compare(server, client, pair)} retransmits, ${dropped} packets dropped`);
      assert.ok(Number(dropped) > 0, "the queue was to overflow");
    });
  });

  for (const [what, side] of [
    ["far away: what leaves is lost and sent again", "server"],
    ["of the sender's own: nothing leaves, and what is tried in vain is not sent", "client"],
  ] as const) {
    test(`a link that goes down and comes back, ${what}`, async () => {
      await withNamespace(async (namespace) => {
        await using server = await Actor.start();
        await using client = await Actor.start({ within: namespace.within });
        const pair = await connect(server, client, { host: namespace.hostAddress });
        const ends = [
          [client, pair.from],
          [server, pair.at],
        ] as const;
        const [[sender, out], [receiver, into]] = side === "client" ? ends : ([ends[1], ends[0]] as const);
        namespace.run("ip", "link", "set", "eth0", "down");
        await sender.act("send", "send", out, 8000, 5000);
        await eventually(async () => (await sender.act("info", out, "tries")) >= 2, "two tries in vain");
        namespace.run("ip", "link", "set", "eth0", "up");
        await receiver.act("receive", "recv", into, 8000, 8000);
        await sender.act("unacknowledged", out, 10_000);
        await compare(server, client, pair);
      });
    });
  }
});
