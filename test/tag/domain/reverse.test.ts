import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { describe, test } from "node:test";
import packet from "dns-packet";
import { parseReverseName } from "../../../src/tag/domain/domain-name.ts";
import { formatIp } from "../../../src/tag/domain/ip-text.ts";
import { ReverseNames, type ReverseOptions, type ReverseResolver } from "../../../src/tag/domain/reverse.ts";

/** Answers when the test says so. */
class SlowResolver implements ReverseResolver {
  readonly asked: string[] = [];
  cancelled = 0;
  readonly #waiting = new Map<string, { resolve(names: string[]): void; reject(error: Error): void }>();

  resolvePtr(name: string): Promise<readonly string[]> {
    const ip = formatIp(parseReverseName(name) ?? new Uint8Array(4));
    this.asked.push(ip);
    return new Promise((resolve, reject) => this.#waiting.set(ip, { resolve, reject }));
  }

  async answer(ip: string, ...names: string[]): Promise<void> {
    this.#waiting.get(ip)?.resolve(names);
    await settled();
  }

  async fail(ip: string, code: string): Promise<void> {
    this.#waiting.get(ip)?.reject(Object.assign(new Error(code), { code }));
    await settled();
  }

  cancel(): void {
    this.cancelled++;
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const MINUTE = 60_000;
const IP = "9.9.9.9";

function open(options: ReverseOptions = {}) {
  const resolver = new SlowResolver();
  const clock = { nowMs: 0 };
  return { resolver, clock, names: new ReverseNames({ resolver, nowMs: () => clock.nowMs, ...options }) };
}

describe("asking for the names of addresses", () => {
  test("a name is there once it was answered, and is asked for once", async () => {
    const { resolver, names } = open();
    assert.deepEqual([names.find(IP), names.find(IP)], [null, null]);
    await resolver.answer(IP, "Dns9.Example.");
    assert.deepEqual([names.find(IP), names.find(IP)], ["dns9.example", "dns9.example"]);
    assert.deepEqual(resolver.asked, [IP]);
  });

  const REPEATS: readonly [
    what: string,
    after: (resolver: SlowResolver) => Promise<void>,
    minutes: number,
  ][] = [
    ["a name", (resolver) => resolver.answer(IP, "dns9.example"), 60],
    ["no name", (resolver) => resolver.fail(IP, "ENOTFOUND"), 10],
    ["nothing but names that are not shown", (resolver) => resolver.answer(IP, "a\u001bb", ""), 10],
    ["a server that failed", (resolver) => resolver.fail(IP, "ESERVFAIL"), 1],
    ["no server", (resolver) => resolver.fail(IP, "ETIMEOUT"), 1],
  ];
  for (const [what, after, minutes] of REPEATS) {
    test(`after ${what}, the next question comes in ${minutes} minutes`, async () => {
      const { resolver, clock, names } = open();
      names.find(IP);
      await after(resolver);
      clock.nowMs = minutes * MINUTE - 1;
      names.find(IP);
      assert.equal(resolver.asked.length, 1);
      clock.nowMs = minutes * MINUTE;
      names.find(IP);
      assert.equal(resolver.asked.length, 2);
    });
  }

  test("an old name holds while it is asked for again, and when nobody answers", async () => {
    const { resolver, clock, names } = open();
    names.find(IP);
    await resolver.answer(IP, "dns9.example");
    clock.nowMs = 60 * MINUTE;
    assert.equal(names.find(IP), "dns9.example");
    assert.equal(resolver.asked.length, 2);
    await resolver.fail(IP, "ETIMEOUT");
    assert.equal(names.find(IP), "dns9.example");
    assert.equal(names.counters.failed, 1);
  });

  test("of several names the first that can be shown", async () => {
    const { resolver, names } = open();
    names.find(IP);
    await resolver.answer(IP, "b\u202ed", "good.example", "other.example");
    assert.equal(names.find(IP), "good.example");
  });

  test("no more questions at once than allowed, the others wait, and what is too many is dropped and may come later", async () => {
    const { resolver, names } = open({ maxInFlight: 2, maxWaiting: 3 });
    const ips = [1, 2, 3, 4, 5, 6, 7].map((last) => `9.9.9.${last}`);
    for (const ip of ips) names.find(ip);
    assert.deepEqual([resolver.asked, names.inFlight], [ips.slice(0, 2), 2]);
    assert.equal(names.counters.dropped, 2);
    await resolver.answer("9.9.9.2", "two.example");
    assert.deepEqual([resolver.asked, names.inFlight], [ips.slice(0, 3), 2]);
    await resolver.fail("9.9.9.1", "ETIMEOUT");
    await resolver.answer("9.9.9.3", "three.example");
    names.find("9.9.9.7");
    await resolver.answer("9.9.9.4", "four.example");
    await resolver.answer("9.9.9.5", "five.example");
    assert.deepEqual(resolver.asked, [...ips.slice(0, 5), "9.9.9.7"]);
  });

  const FORBIDDEN = ["127.0.0.1", "::1", "fe80::1", "169.254.1.1", "224.0.0.1", "0.0.0.0", "::", "nonsense"];
  const PRIVATE = ["10.0.0.1", "192.168.1.1", "172.20.0.1", "fd00::1", "100.64.0.1"];

  test("loopback and its like are never asked for, private addresses only when wanted", () => {
    const shy = open();
    const curious = open({ asksPrivate: true });
    for (const ip of [...FORBIDDEN, ...PRIVATE]) {
      assert.equal(shy.names.find(ip), null);
      assert.equal(curious.names.find(ip), null);
    }
    assert.deepEqual(shy.resolver.asked, []);
    assert.deepEqual(curious.resolver.asked, PRIVATE);
  });

  test("the one asked for longest ago is forgotten when there are too many", async () => {
    const { resolver, names } = open({ maxAddresses: 2 });
    for (const last of [1, 2, 3]) {
      names.find(`9.9.9.${last}`);
      await resolver.answer(`9.9.9.${last}`, `n${last}.example`);
    }
    assert.deepEqual(
      [3, 2, 1].map((last) => names.find(`9.9.9.${last}`)),
      ["n3.example", "n2.example", null],
    );
  });

  test("once closed it asks nothing, not even what was waiting", async () => {
    const { resolver, names } = open({ maxInFlight: 1 });
    names.find("9.9.9.1");
    names.find("9.9.9.2");
    names.close();
    await resolver.fail("9.9.9.1", "ECANCELLED");
    names.find("9.9.9.3");
    assert.deepEqual([resolver.asked, resolver.cancelled, names.inFlight], [["9.9.9.1"], 1, 0]);
  });
});

/** A DNS server on loopback that knows one name, and stays silent about addresses that end in 66. */
async function openServer() {
  const server = createSocket("udp4");
  server.on("message", (bytes, { port, address }) => {
    const query = packet.decode(bytes);
    const [question] = query.questions ?? [];
    if (question === undefined || question.name.startsWith("66.")) return;
    const known = question.type === "PTR" && question.name === "9.9.9.9.in-addr.arpa";
    server.send(
      packet.encode({
        type: "response",
        id: query.id ?? 0,
        flags: packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE | (known ? 0 : 3),
        questions: [question],
        answers: known ? [{ name: question.name, type: "PTR", ttl: 60, data: "Dns9.example" }] : [],
      }),
      port,
      address,
    );
  });
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

test("a real server is asked with Node's own resolver: a name, none, and no answer at all", async () => {
  const server = await openServer();
  const resolver = new Resolver({ timeout: 200, tries: 1 });
  resolver.setServers([`127.0.0.1:${server.address().port}`]);
  const names = new ReverseNames({ resolver });
  try {
    const ips = [IP, "9.9.9.8", "9.9.9.66"];
    for (const ip of ips) assert.equal(names.find(ip), null);
    const deadlineMs = performance.now() + 30_000;
    while (names.inFlight > 0) {
      assert.ok(performance.now() < deadlineMs, "waited in vain for answers");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.deepEqual(
      ips.map((ip) => names.find(ip)),
      ["dns9.example", null, null],
    );
    assert.deepEqual(names.counters, { asked: 3, failed: 1, dropped: 0 });
  } finally {
    names.close();
    server.close();
  }
});
