import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ConnectionCounts, Snapshot } from "../../src/snapshot/snapshot.ts";
import { Actor } from "../traffic/actor.ts";
import { type Namespace, withNamespace } from "../traffic/namespace.ts";
import { connect, type Pair } from "../traffic/pair.ts";
import { assertBytes, assertNothingLost, eventually, rowsOfPid } from "./compare.ts";
import { Watch } from "./watch.ts";

const NO_FAILURES = { refused: 0, reset: 0, timed_out: 0, unreachable: 0, other: 0 };
const NEVER_OPEN = { active: 0, opened: 0, closed: 0 };
const ONCE = { active: 0, opened: 1, closed: 1 };

function endOf(snapshot: Snapshot, { pid }: Actor): ConnectionCounts | undefined {
  return rowsOfPid([snapshot], pid)[0]?.connections;
}

/** An address behind the namespace's device where packets go and nobody is; a connect to it waits for an answer. */
function blackHole(namespace: Namespace): string {
  const address = namespace.hostAddress.replace(/\.1$/, ".77");
  namespace.run("ip", "route", "add", `${address}/32`, "dev", "eth0");
  namespace.run("ip", "neighbour", "add", address, "lladdr", "02:00:00:00:00:01", "dev", "eth0");
  return `${address}:80`;
}

describe("connections that the network ends", () => {
  let watch: Watch;
  before(() => {
    watch = new Watch();
  });
  after(() => watch[Symbol.dispose]());

  /** A client in a namespace of its own, the server here, and a connection between them. */
  async function apart(
    use: (ends: { namespace: Namespace; server: Actor; client: Actor; pair: Pair }) => Promise<void>,
  ): Promise<void> {
    await withNamespace(async (namespace) => {
      await using server = await Actor.start();
      await using client = await Actor.start({ within: namespace.within });
      const pair = await connect(server, client, { host: namespace.hostAddress });
      await use({ namespace, server, client, pair });
    });
  }

  test("one that never answers is timed out", async () => {
    await withNamespace(async (namespace) => {
      await using client = await Actor.start({ within: namespace.within });
      const fd = await client.open("tcp4");
      await client.act("option", fd, "syn_count", 1);
      const { error } = await client.attempt("connect", fd, blackHole(namespace));
      assert.equal(error, "ETIMEDOUT");
      assert.deepEqual(endOf(watch.snapshot(), client), {
        ...NEVER_OPEN,
        failed: { ...NO_FAILURES, timed_out: 1 },
      });
    });
  });

  test("one given up before there was an answer is another failure", async () => {
    await withNamespace(async (namespace) => {
      await using client = await Actor.start({ within: namespace.within });
      const fd = await client.open("tcp4");
      await client.act("option", fd, "nonblock", 1);
      const { error } = await client.attempt("connect", fd, blackHole(namespace));
      assert.equal(error, "EINPROGRESS");
      await client.act("close", fd);
      assert.deepEqual(endOf(watch.snapshot(), client), {
        ...NEVER_OPEN,
        failed: { ...NO_FAILURES, other: 1 },
      });
    });
  });

  test("one to a host that its network does not know is unreachable", async () => {
    await withNamespace(async (namespace) => {
      await using client = await Actor.start({ within: namespace.within });
      const fd = await client.open("tcp4");
      const address = namespace.hostAddress.replace(/\.1$/, ".78");
      namespace.run("ip", "route", "add", `${address}/32`, "dev", "eth0");
      assert.equal((await client.attempt("connect", fd, `${address}:80`)).error, "EHOSTUNREACH");
      assert.deepEqual(endOf(watch.snapshot(), client), {
        ...NEVER_OPEN,
        failed: { ...NO_FAILURES, unreachable: 1 },
      });
    });
  });

  for (const [kind, error] of [
    ["unreachable", "EHOSTUNREACH"],
    ["prohibit", "EACCES"],
    ["blackhole", "EINVAL"],
  ] as const) {
    test(`one that its own routing table forbids (${kind}) never began: no packet, no row`, async () => {
      await withNamespace(async (namespace) => {
        await using client = await Actor.start({ within: namespace.within });
        namespace.run("ip", "route", "add", kind, "192.0.2.0/24");
        const fd = await client.open("tcp4");
        assert.equal((await client.attempt("connect", fd, "192.0.2.1:80")).error, error);
        const snapshot = watch.snapshot();
        assertNothingLost([snapshot]);
        assert.deepEqual(rowsOfPid([snapshot], client.pid), []);
      });
    });
  }

  test("an open one whose other end is gone is timed out, and what was sent into the void was sent", async () => {
    await apart(async ({ namespace, server, client, pair: { from, at } }) => {
      await client.act("send", "send", from, 300, 300);
      await server.act("receive", "recv", at, 300, 300);
      await client.act("option", from, "user_timeout", 300);
      namespace.run(
        "ip",
        "neighbour",
        "replace",
        namespace.hostAddress,
        "lladdr",
        "02:00:00:00:00:01",
        "dev",
        "eth0",
      );
      await client.act("send", "send", from, 50, 50);
      await client.act("await", from, "err", 10_000);
      assert.equal((await client.attempt("error", from)).error, "ETIMEDOUT");
      const snapshot = watch.snapshot();
      assertBytes([snapshot], await client.totals(), await server.totals());
      assert.deepEqual(endOf(snapshot, client), { ...ONCE, failed: { ...NO_FAILURES, timed_out: 1 } });
      assert.deepEqual(endOf(snapshot, server), {
        active: 1,
        opened: 1,
        closed: 0,
        failed: NO_FAILURES,
      });
    });
  });

  test("one whose link is taken away while it is open stays open until somebody tries", async () => {
    await apart(async ({ namespace, server, client, pair: { from, at } }) => {
      await client.act("send", "send", from, 300, 300);
      await server.act("receive", "recv", at, 300, 300);
      namespace.run("ip", "link", "delete", "eth0");
      const cut = watch.snapshot();
      assert.deepEqual([endOf(cut, client)?.active, endOf(cut, server)?.active], [1, 1]);
      await server.act("option", at, "user_timeout", 300);
      await server.act("send", "send", at, 60, 60);
      await server.act("await", at, "err", 10_000);
      const { error } = await server.attempt("error", at);
      assert.ok(error === "ETIMEDOUT" || error === "ENETUNREACH" || error === "EHOSTUNREACH", String(error));
      const snapshot = watch.snapshot();
      assertNothingLost([cut, snapshot]);
      const reason = error === "ETIMEDOUT" ? "timed_out" : "unreachable";
      assert.deepEqual(endOf(snapshot, server)?.failed, { ...NO_FAILURES, [reason]: 1 });
      assert.equal(endOf(snapshot, client)?.active, 1);
    });
  });

  test("one that ss -K kills is another failure there and a reset at the other end", async () => {
    await apart(async ({ namespace, server, client, pair: { from, at } }) => {
      await client.act("send", "send", from, 300, 300);
      await server.act("receive", "recv", at, 300, 300);
      const port = (await client.name(from)).split(":").at(-1) ?? "";
      namespace.run("ss", "-K", "state", "established", "sport", "=", `:${port}`);
      assert.equal((await client.attempt("error", from)).error, "ECONNABORTED");
      await server.act("await", at, "err", 5000);
      assert.equal((await server.attempt("receive", "recv", at, 0, 10)).error, "ECONNRESET");
      const snapshot = watch.snapshot();
      assertBytes([snapshot], await client.totals(), await server.totals());
      assert.deepEqual(endOf(snapshot, client), { ...ONCE, failed: { ...NO_FAILURES, other: 1 } });
      assert.deepEqual(endOf(snapshot, server), { ...ONCE, failed: { ...NO_FAILURES, reset: 1 } });
    });
  });

  test("one that both ends close at the same moment", async () => {
    await apart(async ({ namespace, server, client, pair: { from, at } }) => {
      await client.act("send", "send", from, 300, 300);
      await server.act("receive", "recv", at, 300, 300);
      // Neither FIN arrives before the other has left.
      namespace.run("ip", "link", "set", "eth0", "down");
      await client.act("shutdown", from, "w");
      await server.act("shutdown", at, "w");
      namespace.run("ip", "link", "set", "eth0", "up");
      assert.equal(await client.act("receive", "recv", from, 0, 10), 0);
      assert.equal(await server.act("receive", "recv", at, 0, 10), 0);
      await client.act("close", from);
      await server.act("close", at);
      const snapshots = [watch.snapshot()];
      await eventually(() => {
        const last = watch.snapshot();
        snapshots.push(last);
        return [client, server].every((actor) => (endOf(last, actor)?.active ?? 0) === 0);
      }, "the end of both");
      assertBytes(snapshots, await client.totals(), await server.totals());
      for (const actor of [client, server]) {
        const ends = snapshots.flatMap((snapshot) => endOf(snapshot, actor) ?? []);
        assert.equal(
          ends.reduce((sum, { closed }) => sum + closed, 0),
          1,
        );
        for (const { failed } of ends) assert.deepEqual(failed, NO_FAILURES);
      }
    });
  });

  test("a socket that is disconnected and connected again is two connections", async () => {
    await using server = await Actor.start();
    await using client = await Actor.start();
    const { from, at, listener, address } = await connect(server, client);
    await client.act("send", "send", from, 111, 111);
    await server.act("receive", "recv", at, 111, 111);
    await client.act("disconnect", from);
    await client.act("connect", from, address);
    const again = await server.act("accept", listener);
    await client.act("send", "send", from, 2222, 2222);
    await server.act("receive", "recv", again, 2222, 2222);
    await client.act("close", from);
    await server.act("close", again);
    await server.act("close", at);
    const snapshot = watch.snapshot();
    assertBytes([snapshot], await client.totals(), await server.totals());
    for (const actor of [client, server]) {
      const { opened, closed } = endOf(snapshot, actor) ?? {};
      assert.deepEqual([opened, closed], [2, 2]);
    }
  });
});
