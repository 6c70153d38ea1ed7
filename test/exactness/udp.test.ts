import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Actor, portOf, type SocketKind } from "../traffic/actor.ts";
import { withNamespace } from "../traffic/namespace.ts";
import { assertDatagrams, BY_PEER } from "./compare.ts";
import { Watch } from "./watch.ts";

/** `host` is how the client writes the server, `back` how the server writes the client. */
interface Place {
  readonly name: string;
  readonly server: SocketKind;
  readonly client: SocketKind;
  readonly bind: string;
  readonly host: string;
  readonly back: string;
}

const PLACES: readonly Place[] = [
  { name: "IPv4", server: "udp4", client: "udp4", bind: "127.0.0.1", host: "127.0.0.1", back: "127.0.0.1" },
  { name: "IPv6", server: "udp6", client: "udp6", bind: "[::1]", host: "[::1]", back: "[::1]" },
  {
    name: "IPv4 to a socket of IPv6",
    server: "udp6",
    client: "udp4",
    bind: "[::]",
    host: "127.0.0.1",
    back: "[::ffff:127.0.0.1]",
  },
  {
    name: "IPv4 from a socket of IPv6",
    server: "udp4",
    client: "udp6",
    bind: "127.0.0.1",
    host: "[::ffff:127.0.0.1]",
    back: "127.0.0.1",
  },
];

const SIZES = [1, 1200, 0, 9000];

const WAYS: readonly [how: "connected" | "not connected", send: string, receive: string][] = [
  ["connected", "send", "recv"],
  ["connected", "write", "read"],
  ["connected", "writev", "readv"],
  ["connected", "sendmsg", "recvmsg_nameless"],
  ["connected", "sendmsg", "recvmsg"],
  ["connected", "sendmmsg", "recvmmsg"],
  ["connected", "sendto", "recvfrom"],
  ["connected", "ring", "ring"],
  ["connected", "splice", "splice"],
  ["connected", "sendfile", "recv"],
  ["not connected", "sendto", "recvfrom"],
  ["not connected", "sendmsg", "recvmsg"],
  ["not connected", "sendmmsg", "recvmmsg"],
  ["not connected", "ring", "recvfrom"],
];

describe("datagrams that a process moved are those that npmon says, by peer", () => {
  let watch: Watch;
  before(() => {
    watch = new Watch({ groupBy: BY_PEER });
  });
  after(() => watch[Symbol.dispose]());

  for (const { name, server: serverKind, client: clientKind, bind, host, back } of PLACES) {
    for (const [how, send, receive] of WAYS) {
      test(`${name}, ${how}, ${send} and ${receive}`, async () => {
        await using server = await Actor.start();
        await using client = await Actor.start();
        const bound = await server.serve(serverKind, bind);
        const there = bound.address.replace(bind, host);
        const fd = await client.open(clientKind);
        const to = how === "connected" ? [] : [there];
        const from: string[] = [];
        if (how === "connected") {
          await client.act("connect", fd, there);
          await server.act("connect", bound.fd, `${back}:${portOf(await client.name(fd))}`);
        } else {
          await client.act("send", "sendto", fd, 0, 0, "-", there);
          const { address } = await server.attempt("receive", "recvfrom", bound.fd, 0, 100);
          from.push(`${back}:${portOf(address)}`);
        }
        // An empty pipe has nothing to splice, an empty file nothing to send.
        for (const size of send === "splice" || send === "sendfile" ? [1, 1200, 9000] : SIZES) {
          await client.act("send", send, fd, 0, size, "-", ...to);
          await server.act("soak", receive, bound.fd, 65_536, 0);
          await server.act("send", send, bound.fd, 0, size + 7, "-", ...from);
          await client.act("soak", receive, fd, 65_536, 0);
        }
        const truth = [await server.totals(), await client.totals()];
        for (const { bytes_sent, bytes_received } of truth) {
          assert.ok(bytes_sent > 10_000 && bytes_received > 10_000);
        }
        assertDatagrams([watch.snapshot()], ...truth);
      });
    }
  }

  for (const family of [4, 6] as const) {
    test(`between two network namespaces, over IPv${family}`, async () => {
      await withNamespace(async (namespace) => {
        await using server = await Actor.start({ within: namespace.within });
        await using client = await Actor.start();
        const kind = `udp${family}` as const;
        const bound = await server.serve(kind, family === 4 ? namespace.address : `[${namespace.address6}]`);
        const fd = await client.open(kind);
        for (const size of SIZES) {
          await client.act("send", "sendto", fd, 0, size, "-", bound.address);
          const { address } = await server.attempt("receive", "recvfrom", bound.fd, 0, 65_536);
          await server.act("send", "sendto", bound.fd, 0, size + 1, "-", address ?? "");
          await client.act("receive", "recvfrom", fd, 0, 65_536);
        }
        const truth = [await server.totals(), await client.totals()];
        assert.deepEqual(
          truth.map(({ packets_sent }) => packets_sent),
          [SIZES.length, SIZES.length],
        );
        assertDatagrams([watch.snapshot()], ...truth);
      });
    });
  }
});
