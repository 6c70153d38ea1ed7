import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Actor } from "../traffic/actor.ts";
import { withNamespace } from "../traffic/namespace.ts";
import { connect, type PairOptions } from "../traffic/pair.ts";
import { assertBytes, rowsOfPid } from "./compare.ts";
import { Watch } from "./watch.ts";

interface Way {
  readonly send: string;
  readonly receive: string;
  readonly flags?: string;
  readonly receiveFlags?: string;
  readonly bytes?: number;
  readonly length?: number;
  readonly options?: PairOptions;
}

const WAYS: readonly [what: string, way: Way][] = [
  ["write and read", { send: "write", receive: "read" }],
  ["send and recv", { send: "send", receive: "recv" }],
  ["sendto and recvfrom", { send: "sendto", receive: "recvfrom" }],
  ["writev and readv", { send: "writev", receive: "readv" }],
  ["sendmsg and recvmsg", { send: "sendmsg", receive: "recvmsg" }],
  ["sendmmsg and recvmmsg", { send: "sendmmsg", receive: "recvmmsg", bytes: 270_000, length: 9_000 }],
  ["sendfile and splice into a pipe", { send: "sendfile", receive: "splice" }],
  ["splice out of a pipe and read", { send: "splice", receive: "read" }],
  ["vmsplice and splice both ways", { send: "vmsplice", receive: "splice" }],
  ["tee, splice and recv", { send: "tee", receive: "recv" }],
  ["io_uring both ways", { send: "ring", receive: "ring" }],
  ["MSG_WAITALL", { send: "send", receive: "recv", receiveFlags: "waitall" }],
  ["MSG_MORE", { send: "send", receive: "recv", flags: "more", length: 777 }],
  [
    "MSG_ZEROCOPY",
    {
      send: "send",
      receive: "recv",
      flags: "zerocopy",
      options: { connecting: { zerocopy: 1 }, listening: { zerocopy: 1 } },
    },
  ],
  [
    "one byte a call with TCP_NODELAY",
    { send: "send", receive: "recv", bytes: 2_000, length: 1, options: { connecting: { nodelay: 1 } } },
  ],
  [
    "one byte a call with TCP_CORK",
    { send: "send", receive: "recv", bytes: 20_000, length: 1, options: { connecting: { cork: 1 } } },
  ],
  [
    "calls that move a part and EAGAIN, with the smallest buffers",
    {
      send: "send",
      receive: "recv",
      flags: "dontwait",
      receiveFlags: "dontwait",
      bytes: 500_000,
      length: 60_000,
      options: { connecting: { sndbuf: 1 }, listening: { sndbuf: 1, rcvbuf: 1 } },
    },
  ],
];

describe("whatever call moves them, bytes are exact at both ends", () => {
  let watch: Watch;
  before(() => {
    watch = new Watch();
  });
  after(() => watch[Symbol.dispose]());

  for (const kind of ["tcp4", "tcp6"] as const) {
    for (const [what, way] of WAYS) {
      test(`${what}, over ${kind === "tcp4" ? "IPv4" : "IPv6"}`, async () => {
        const { send, receive, flags = "-", receiveFlags = "-", bytes = 300_000, length = 10_000 } = way;
        await using server = await Actor.start();
        await using client = await Actor.start();
        const { from, at } = await connect(server, client, { kind, ...way.options });
        for (const [sender, out, receiver, into] of [
          [client, from, server, at],
          [server, at, client, from],
        ] as const) {
          const sending = sender.act("send", send, out, bytes, length, flags);
          // What a cork or MSG_MORE keeps back goes out when the sender ends, or after 200 ms.
          assert.equal(await receiver.act("receive", receive, into, bytes, length, receiveFlags), bytes);
          assert.equal(await sending, bytes);
        }
        await client.act("close", from);
        await server.act("close", at);
        assertBytes([watch.snapshot()], await server.totals(), await client.totals());
      });
    }
  }

  test("bytes that were only looked at count once, and those never read count too", async () => {
    await using server = await Actor.start();
    await using client = await Actor.start();
    const { from, at } = await connect(server, client);
    await client.act("send", "send", from, 0, 1000);
    for (const way of ["recv", "recvmsg"]) await server.act("receive", way, at, 0, 1000, "peek,waitall");
    assert.equal((await server.totals()).bytes_received, 0);
    assert.equal(rowsOfPid([watch.snapshot()], server.pid)[0]?.bytes_received, 1000);
    await server.act("receive", "recv", at, 0, 1000);
    assert.equal(rowsOfPid([watch.snapshot()], server.pid)[0]?.bytes_received, 0);
  });

  test("MSG_TRUNC throws bytes away that were received", async () => {
    await using server = await Actor.start();
    await using client = await Actor.start();
    const { from, at } = await connect(server, client);
    await client.act("send", "send", from, 0, 1000);
    assert.equal(await server.act("receive", "recv", at, 1000, 1000, "trunc"), 1000);
    assertBytes([watch.snapshot()], await server.totals(), await client.totals());
  });

  const URGENT: readonly [what: string, inline: 0 | 1, reads: boolean, unread: number][] = [
    ["read out of band", 0, true, 0],
    ["in line", 1, false, 0],
    ["never read: one more than the process took", 0, false, 1],
  ];
  for (const [what, inline, reads, unread] of URGENT) {
    test(`an urgent byte is one of the stream's, ${what}`, async () => {
      await using server = await Actor.start();
      await using client = await Actor.start();
      const { from, at } = await connect(server, client);
      await server.act("option", at, "oobinline", inline);
      await client.act("send", "send", from, 0, 10);
      await client.act("send", "send", from, 0, 1, "oob");
      await client.act("send", "send", from, 0, 20);
      await client.act("unacknowledged", from, 5000);
      if (reads) assert.equal(await server.act("receive", "recv", at, 0, 1, "oob"), 1);
      const inStream = 30 + inline;
      assert.equal(await server.act("receive", "recv", at, inStream, 100), inStream);
      const truth = await server.totals();
      assertBytes(
        [watch.snapshot()],
        { ...truth, bytes_received: truth.bytes_received + unread },
        await client.totals(),
      );
      assert.equal(await server.act("info", at, "received"), 31);
    });
  }

  test("the copies that MSG_ZEROCOPY reports in the error queue are no bytes", async () => {
    await using server = await Actor.start();
    await using client = await Actor.start();
    const { from, at } = await connect(server, client, { connecting: { zerocopy: 1 } });
    await client.act("send", "send", from, 0, 50_000, "zerocopy");
    await server.act("receive", "recv", at, 50_000, 50_000);
    await client.act("await", from, "err", 5000);
    assert.equal((await client.attempt("receive", "recvmsg", from, 0, 100, "errqueue")).error, null);
    assertBytes([watch.snapshot()], await server.totals(), await client.totals());
  });

  for (const [what, server, client] of [
    ["a plain client of a listener for both, as Go programs have", "mptcp4", "tcp4"],
    ["a client for both of a plain listener", "tcp4", "mptcp4"],
    ["both ends", "mptcp4", "mptcp4"],
  ] as const) {
    test(`Multipath TCP: ${what}`, async () => {
      await using listening = await Actor.start();
      await using calling = await Actor.start();
      const { from, at } = await connect(listening, calling, { kind: server, clientKind: client });
      for (const [sender, out, receiver, into] of [
        [calling, from, listening, at],
        [listening, at, calling, from],
      ] as const) {
        await sender.act("send", "send", out, 5000, 1000);
        await receiver.act("receive", "recv", into, 5000, 1000);
      }
      const open = watch.snapshot();
      await calling.act("close", from);
      await listening.act("close", at);
      assertBytes([open, watch.snapshot()], await calling.totals(), await listening.totals());
    });
  }

  for (const [what, accepts] of [
    ["taken with the SYN", true],
    ["refused with the SYN and sent again", false],
  ] as const) {
    test(`TCP Fast Open, its data ${what}`, async () => {
      await withNamespace(async (namespace) => {
        // 0x1 and 0x4: clients send without a cookie; 0x2, 0x200 and 0x400: every listener takes that
        namespace.run("sysctl", "-qw", `net.ipv4.tcp_fastopen=${accepts ? 0x607 : 0x5}`);
        await using server = await Actor.start({ within: namespace.within });
        await using client = await Actor.start({ within: namespace.within });
        const { fd: listener, address } = await server.serve("tcp4", "127.0.0.1");
        const from = await client.open("tcp4");
        assert.equal(await client.act("send", "sendto", from, 0, 900, "fastopen", address), 900);
        const at = await server.act("accept", listener);
        assert.equal(await server.act("receive", "recv", at, 900, 2000), 900);
        await server.act("send", "send", at, 0, 70);
        await client.act("receive", "recv", from, 70, 100);
        assert.equal(await client.act("info", from, "syn_data"), Number(accepts));
        await client.act("close", from);
        await server.act("close", at);
        const snapshot = watch.snapshot();
        assertBytes([snapshot], await server.totals(), await client.totals());
        for (const { pid } of [server, client]) {
          const connections = rowsOfPid([snapshot], pid)[0]?.connections;
          assert.deepEqual([connections?.opened, connections?.closed], [1, 1]);
        }
      });
    });
  }
});
