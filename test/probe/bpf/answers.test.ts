import assert from "node:assert/strict";
import { mkdirSync, readlinkSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { BpfTier } from "../../../src/probe/bpf/features.ts";
import { Actor } from "../../traffic/actor.ts";
import { NameService } from "../../traffic/name-service.ts";
import { type Namespace, withNamespace } from "../../traffic/namespace.ts";
import { AnswerWatch, questionOf } from "./answer-watch.ts";
import { buildAsk } from "./ask.ts";

/** As in the other tests on the real kernel: the guests choose it, here it is the one that this kernel has. */
const TIER: BpfTier = process.env.NPMON_TEST_TIER === "kprobe" ? "kprobe" : "tracepoint";
const ASK = buildAsk();
const HERE = ["127.0.0.1", "53"];

interface Place {
  readonly namespace: Namespace;
  readonly service: NameService;
}

/** Lends a namespace with a DNS server. */
function withServer(use: (place: Place) => Promise<void>): Promise<void> {
  return withNamespace(async (namespace) => {
    await using service = await NameService.start(namespace);
    await use({ namespace, service });
  });
}

/** What an `ask` of these words received, to be compared with what was handed over. */
function ask({ namespace }: Place, ...words: readonly string[]): { pid: number; received: number } {
  const [pid = 0, received = 0] = namespace
    .run(ASK, ...HERE, ...words)
    .split(" ")
    .map(Number);
  return { pid, received };
}

/** Names that were answered, in order. */
function takeNames(watch: AnswerWatch): readonly string[] {
  return watch.take().map((sighting) => questionOf(sighting).name);
}

type Part = (place: Place, watch: AnswerWatch) => Promise<void>;

const CALLS = ["read", "readv", "recv", "recvfrom", "recvmsg", "recvmsg_nameless", "recvmmsg"];
/** Who receives without asking for the sender has one only where the kernel side sees the datagram itself. */
const SENDERLESS = ["read", "readv", "recv"];

const receives: Part = async (place, watch) => {
  const netns = Number(/\d+/.exec(readlinkSync(`/proc/${place.service.pid}/ns/net`))?.[0]);
  for (const how of ["connected", "unconnected"]) {
    for (const call of CALLS) {
      const names = [`ip-192-0-2-1.${call}.${how}`, "alias-2.ip-192-0-2-2.example"];
      const { pid, received } = ask(place, how, call, ...names, "nothing.example");
      assert.equal(received, 3);
      const unseen = TIER === "tracepoint" && how === "unconnected" && SENDERLESS.includes(call);
      const expected = names.map((name, index) => ({ name, answers: 1 + 2 * index, pid, netns }));
      assert.deepEqual(
        watch
          .take()
          .map((sighting) => ({ ...questionOf(sighting), pid: sighting.pid, netns: sighting.netns })),
        unseen ? [] : expected,
        `${how}, ${call}`,
      );
    }
  }
  assert.equal(watch.takeLost(), 0);
};

const batches: Part = async (place, watch) => {
  ask(
    place,
    "unconnected",
    "recvmmsg",
    "-",
    "ip-1-0-0-1.a",
    "ip-1-0-0-2.a",
    "-",
    "/",
    "ip-1-0-0-3.a",
    "/",
    "ip-1-0-0-4.a",
    "-",
    "ip-1-0-0-5.a",
  );
  assert.deepEqual(
    takeNames(watch),
    [1, 2, 3, 4, 5].map((last) => `ip-1-0-0-${last}.a`),
  );
  assert.equal(watch.takeLost(), 0);
  const names = Array.from({ length: 20 }, (_, index) => `ip-2-0-0-${index}.a`);
  ask(place, "connected", "recvmmsg", ...names);
  assert.deepEqual(takeNames(watch), names.slice(0, 16));
  assert.equal(watch.takeLost(), 4);
};

const looks: Part = async ({ namespace }, watch) => {
  await using actor = await Actor.start({ within: namespace.within });
  for (const [kind, server] of [
    ["udp4", "127.0.0.1:53"],
    ["udp6", "[::1]:53"],
    ["udp6", "[::ffff:127.0.0.1]:53"],
  ] as const) {
    const fd = await actor.open(kind);
    await actor.act("connect", fd, server);
    await actor.act("send", "send", fd, 0, 5);
    for (const flags of ["peek", "peek", "-"]) await actor.act("receive", "recv", fd, 0, 1000, flags);
    assert.deepEqual(takeNames(watch), ["ip-192-0-2-1.nonsense"], server);
  }
  assert.equal(watch.takeLost(), 0);
};

const unreadable: Part = async ({ namespace }, watch) => {
  await using actor = await Actor.start({ within: namespace.within });
  const fd = await actor.open("udp4");
  await actor.act("connect", fd, "127.0.0.1:53");
  for (const way of ["ring", "splice"]) {
    await actor.act("send", "send", fd, 0, 5);
    await actor.act("await", fd, "in", 5000);
    assert.ok((await actor.act("receive", way, fd, 0, 1000)) > 0);
    assert.deepEqual([takeNames(watch), watch.takeLost()], [[], 1], way);
  }
};

const large: Part = async (place, watch) => {
  ask(place, "connected", "recv", "big-200.example");
  const [sighting] = watch.take();
  assert.equal(sighting?.bytes.length, 4096);
  await using actor = await Actor.start({ within: place.namespace.within });
  const fd = await actor.open("udp4");
  await actor.act("connect", fd, "127.0.0.1:53");
  await actor.act("send", "send", fd, 0, 5);
  assert.equal(await actor.act("receive", "recv", fd, 0, 30), 30);
  assert.deepEqual(
    watch.take().map(({ bytes }) => bytes.length),
    [30],
  );
  assert.equal(watch.takeLost(), 0);
};

const resolvers: Part = async ({ namespace, service }, watch) => {
  assert.deepEqual(await service.resolve("ip-192-0-2-9.node"), ["192.0.2.9"]);
  assert.deepEqual(await service.resolve("ip6-2001-db8--7.node"), ["2001:db8::7"]);
  assert.equal(await service.resolve("nothing.node"), "ENOTFOUND");
  const sightings = watch.take();
  assert.deepEqual(
    sightings.map(({ pid }) => pid),
    [service.pid, service.pid],
  );
  assert.deepEqual(
    sightings.map((sighting) => questionOf(sighting).name),
    ["ip-192-0-2-9.node", "ip6-2001-db8--7.node"],
  );
  namespace.run("/bin/busybox", "nslookup", "ip-192-0-2-10.busybox", "127.0.0.1");
  assert.ok(takeNames(watch).includes("ip-192-0-2-10.busybox"));
  assert.equal(watch.takeLost(), 0);
};

const overflow: Part = async (place, watch) => {
  const names = Array.from({ length: 60 }, (_, index) => `ip-192-0-2-${index}.${"x".repeat(60)}.example`);
  for (let round = 0; round < 3; round++) ask(place, "connected", "recvfrom", ...names);
  const taken = takeNames(watch);
  assert.deepEqual(taken, [...names, ...names, ...names].slice(0, taken.length));
  assert.ok(taken.length > 60 && taken.length < 180);
  assert.equal(watch.takeLost(), 180 - taken.length);
  ask(place, "connected", "recvfrom", "ip-192-0-2-99.example");
  assert.deepEqual(takeNames(watch), ["ip-192-0-2-99.example"]);
};

const PARTS: readonly [what: string, part: Part][] = [
  ["of every call that receives into one buffer, connected or not", receives],
  ["of many in one call, among datagrams of others, and what is too many is lost", batches],
  ["that are looked at, once they are taken; over IPv6 too", looks],
  ["that no call brought which can be read are lost", unreadable],
  ["that are large, or received in part, as far as they go", large],
  ["that Node's and busybox's resolvers received", resolvers],
  ["beyond the buffer are lost, and counted", overflow],
];

test("DNS answers are handed over", (t) =>
  withServer(async (place) => {
    using watch = new AnswerWatch(TIER);
    for (const [what, part] of PARTS) await t.test(`answers ${what}`, () => part(place, watch));
  }));

/** The C library looks for its servers in a file that `ip netns exec` puts in its place. */
test("what getaddrinfo of the C library received", () =>
  withServer(async ({ namespace }) => {
    const folder = `/etc/netns/${namespace.name}`;
    const made = mkdirSync(folder, { recursive: true });
    try {
      writeFileSync(join(folder, "resolv.conf"), "nameserver 127.0.0.1\n");
      using watch = new AnswerWatch(TIER);
      assert.match(namespace.run("getent", "ahosts", "ip-192-0-2-11.libc"), /^192\.0\.2\.11 /);
      assert.deepEqual(takeNames(watch), ["ip-192-0-2-11.libc"]);
      assert.equal(watch.takeLost(), 0);
    } finally {
      rmSync(folder, { recursive: true });
      if (made === "/etc/netns") rmdirSync(made);
    }
  }));
