import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DomainTable } from "../../../src/tag/domain/domain-table.ts";
import { a, answerTo, ptr } from "./message.ts";

const [HERE, THERE, ELSEWHERE] = [1, 2, 3];
const IP = "192.0.2.7";
const MINUTE = 60_000;

const named = (name: string, ip = IP, ttl = 60) => answerTo(name, "A", [a(name, ip, ttl)]);
const pointer = (name: string) =>
  answerTo("7.2.0.192.in-addr.arpa", "PTR", [ptr("7.2.0.192.in-addr.arpa", name)]);

describe("the name of an address is", () => {
  const CASES: readonly [
    what: string,
    heard: readonly [message: Buffer, netns: number][],
    found: string | null,
  ][] = [
    ["not known when nobody asked", [], null],
    ["the one that was asked for", [[named("db.example"), HERE]], "db.example"],
    [
      "the last one",
      [
        [named("db.example"), HERE],
        [named("cache.example"), HERE],
      ],
      "cache.example",
    ],
    [
      "that of its own network namespace, though another one heard later",
      [
        [named("db.example"), HERE],
        [named("cache.example"), THERE],
      ],
      "db.example",
    ],
    [
      "what another network namespace heard, when its own heard nothing",
      [[named("db.example"), THERE]],
      "db.example",
    ],
    [
      "what any other heard last",
      [
        [named("db.example"), THERE],
        [named("cache.example"), ELSEWHERE],
      ],
      "cache.example",
    ],
    [
      "what the address is called, when nobody asked for it",
      [[pointer("host.example"), HERE]],
      "host.example",
    ],
    [
      "not what the address is called, when somebody asked for it",
      [
        [named("db.example"), HERE],
        [pointer("host.example"), HERE],
      ],
      "db.example",
    ],
    [
      "the one that was asked for, once it was",
      [
        [pointer("host.example"), HERE],
        [named("db.example"), HERE],
      ],
      "db.example",
    ],
    [
      "one that was asked for elsewhere before what it is called here",
      [
        [pointer("host.example"), HERE],
        [named("db.example"), THERE],
      ],
      "db.example",
    ],
    [
      "not changed by bytes that are no answer",
      [
        [named("db.example"), HERE],
        [Buffer.from("nonsense"), HERE],
      ],
      "db.example",
    ],
  ];
  for (const [what, heard, found] of CASES) {
    test(what, () => {
      const table = new DomainTable();
      for (const [message, netns] of heard) table.learn(message, netns, 0);
      assert.equal(table.find(IP, HERE), found);
    });
  }
});

describe("a name is forgotten", () => {
  const minAgeMs = 10 * MINUTE;

  test("when its time is over, which is never less than connections usually take to begin", () => {
    const table = new DomainTable({ minAgeMs });
    table.learn(named("short.example", "192.0.2.1", 0), HERE, 0);
    table.learn(named("long.example", "192.0.2.2", 3600), HERE, 0);
    table.learn(named("endless.example", "192.0.2.3", 2 ** 31 - 1), HERE, 0);
    const left = (nowMs: number) => {
      table.sweep(nowMs);
      return table.size;
    };
    assert.deepEqual(
      [9, 10, 59, 60, 24 * 60 - 1, 24 * 60].map((minutes) => left(minutes * MINUTE)),
      [3, 2, 2, 1, 1, 0],
    );
  });

  test("not while flows to it begin", () => {
    const table = new DomainTable({ minAgeMs });
    table.learn(named("db.example"), HERE, 0);
    for (let minutes = 5; minutes <= 60; minutes += 5) {
      table.sweep(minutes * MINUTE);
      assert.equal(table.find(IP, HERE), "db.example");
    }
    for (const minutes of [70, 80]) table.sweep(minutes * MINUTE);
    assert.equal(table.find(IP, HERE), null);
  });

  test("in one network namespace and not in the other that heard it later", () => {
    const table = new DomainTable({ minAgeMs });
    table.learn(named("db.example"), HERE, 0);
    table.learn(named("cache.example"), THERE, 5 * MINUTE);
    table.sweep(12 * MINUTE);
    assert.equal(table.find(IP, HERE), "cache.example");
  });

  test("when there are too many addresses, the one that went longest without being taught or found", () => {
    const table = new DomainTable({ maxAddresses: 3 });
    for (const last of [1, 2, 3]) table.learn(named(`n${last}.example`, `192.0.2.${last}`), HERE, 0);
    table.find("192.0.2.1", HERE);
    table.learn(named("n2.example", "192.0.2.2"), HERE, 0);
    table.learn(named("n4.example", "192.0.2.4"), HERE, 0);
    assert.deepEqual(
      [1, 2, 3, 4].map((last) => table.find(`192.0.2.${last}`, HERE)),
      ["n1.example", "n2.example", null, "n4.example"],
    );
    assert.equal(table.counters.forgotten, 1);
  });

  test("when too many network namespaces heard of its address, the one that heard longest ago", () => {
    const table = new DomainTable();
    for (let netns = 1; netns <= 100; netns++) table.learn(named(`n${netns}.example`), netns, 0);
    assert.equal(table.find(IP, 100), "n100.example");
    assert.equal(table.find(IP, 97), "n97.example");
    assert.equal(table.find(IP, 1), "n100.example");
    assert.equal(table.size, 1);
  });
});

test("answers that name something are told from those that do not", () => {
  const table = new DomainTable();
  table.learn(named("db.example"), HERE, 0);
  table.learn(named("db.example", "127.0.0.1"), HERE, 0);
  table.learn(Buffer.alloc(0), HERE, 0);
  assert.deepEqual(table.counters, { learned: 1, skipped: 2, forgotten: 0 });
});
