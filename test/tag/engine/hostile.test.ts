import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ContainerDirectory, openContainerDirectory } from "../../../src/tag/engine/directory.ts";
import { until } from "../../commands/deadline.ts";
import {
  chunk,
  container,
  containerId,
  endless,
  type FakeEngine,
  json,
  openFakeEngine,
  type Reply,
  raw,
  text,
  trickle,
} from "./fake-engine.ts";

const ID = containerId(1);
const BIG = "x".repeat(64 * 1024);
const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const MAX_BODY_BYTES = 256 * 1024;

/** How an answer can be bad, and what the status says of it. Every one of these fits every path. */
const BAD_ANSWERS: readonly [string, Reply, RegExp][] = [
  ["never comes", () => {}, /no answer within 0.25 s/],
  ["is a cut connection", (socket) => socket.destroy(), /the connection was cut/],
  ["is an ended connection", (socket) => socket.end(), /the connection was cut/],
  ["never gets to the body", raw("HTTP/1.1 200 OK\r\nContent-Le"), /no answer within/],
  ["is another protocol", raw("SSH-2.0-OpenSSH_9.2\r\n"), /the answer is not HTTP/],
  ["has headers without end", endless("HTTP/1.1 200 OK\r\n", `X-A: ${BIG}\r\n`), /the answer is not HTTP/],
  ["is interim without end", endless("", "HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000)), /no answer within/],
  [
    "is an upgrade",
    raw("HTTP/1.1 101 Up\r\nConnection: upgrade\r\nUpgrade: tcp\r\n\r\n"),
    /the connection was cut/,
  ],
  ["is a server error", text("no", 500), /HTTP 500/],
  ["is forbidden", text("no", 403), /HTTP 403/],
  [
    "is a redirect",
    raw("HTTP/1.1 302 F\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n"),
    /HTTP 302/,
  ],
  ["has a status of its own", raw("HTTP/1.1 999 \x1b[2J\r\nContent-Length: 0\r\n\r\n"), /HTTP 999/],
];

/** More ways for an answer that should be one JSON value. */
const BAD_VALUES: readonly [string, Reply, RegExp][] = [
  [
    "is cut in the middle",
    (s) => s.end(`HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"Id"`),
    /connection was cut/,
  ],
  ["has garbage for a chunk", raw(`${CHUNKED}zz\r\n`), /the answer is not HTTP/],
  ["is shorter than it says", raw("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{}"), /no answer within/],
  ["is longer than it says", raw('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{"a":1}'), /not HTTP/],
  ["trickles in", trickle("HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n"), /no answer within/],
  ["never ends", endless(CHUNKED, chunk(BIG)), /longer than 262144 bytes/],
  ["never ends, nor is it chunked", endless("HTTP/1.1 200 OK\r\n\r\n", BIG), /longer than 262144 bytes/],
  ["is empty", text(""), /not JSON/],
  ["is no JSON", text("<html>"), /not JSON/],
  ["is half a JSON", text('{"Id":'), /not JSON/],
  [
    "is not UTF-8",
    (s) => s.end(Buffer.from([...Buffer.from("HTTP/1.1 200 OK\r\n\r\n"), 0xff, 0xfe])),
    /not JSON/,
  ],
  ["is null", json(null), /not the answer of|not that container/],
  ["is a number", json(1), /not the answer of|not that container/],
  ["is text", json("x"), /not the answer of|not that container/],
  ["is a list", json([{ Id: ID, Name: "/a", ApiVersion: "1.1" }]), /not the answer of|not that container/],
  ["is empty of everything", json({}), /not the answer of|not that container/],
  [
    "is nested deeply",
    text("[".repeat(100_000) + "]".repeat(100_000)),
    /not the answer of|not that container/,
  ],
  [
    "is of the wrong types",
    json({ Id: [ID], Name: {}, ApiVersion: 1.41 }),
    /not the answer of|not that container/,
  ],
  ["has a name that is no text", json({ Id: ID, Name: ["/a"] }), /not the answer of|not that container/],
  ["has no name", json({ Id: ID, Name: "/", ApiVersion: "\x1b" }), /not the answer of|not that container/],
  ["is about another", json(container(containerId(2))), /not the answer of|not that container/],
];

/** An engine, and a directory with short limits that asks it. */
interface Case {
  readonly engine: FakeEngine;
  readonly changes: readonly string[];
  open(): ContainerDirectory;
}

/** Gives a test its engine, and sees to it that the directory leaves no connection behind. */
function withEngine(test: (each: Case) => Promise<void>): () => Promise<void> {
  return async () => {
    const engine = await openFakeEngine();
    const changes: string[] = [];
    const closing: (() => void)[] = [];
    const open = () => {
      const opened = openContainerDirectory({
        sockets: [engine.socket],
        onChange: (id) => changes.push(id),
        limits: { timeoutMs: 250, firstRetryMs: 5, maxRetryMs: 20, maxBodyBytes: MAX_BODY_BYTES },
      });
      closing.push(() => opened.close());
      return opened;
    };
    try {
      await test({ engine, changes, open });
      for (const close of closing) close();
      await until("the end of all connections", () => engine.connections === 0);
    } finally {
      for (const close of closing) close();
      await engine.close();
    }
  };
}

describe("an engine that", { concurrency: 16 }, () => {
  for (const [what, reply, words] of [...BAD_ANSWERS, ...BAD_VALUES]) {
    it(
      `says who it is with an answer that ${what} is failing until it mends`,
      withEngine(async ({ engine, open }) => {
        const { version } = engine.manners;
        engine.manners.version = reply;
        const directory = open();
        assert.equal(directory.get(ID), null);
        const verdict = await until(`${words}`, () => failing(directory, "GET /version: ", words));
        assert.equal(verdict.engine, null);
        engine.manners.version = version;
        await until("the name", () => directory.get(ID)?.name === "name-1");
        assert.equal(directory.status()[0]?.state, "reachable");
      }),
    );

    it(
      `is asked about a container and gives an answer that ${what} is asked again until it mends`,
      withEngine(async ({ engine, changes, open }) => {
        const { inspect } = engine.manners;
        engine.manners.inspect = () => reply;
        const directory = open();
        assert.equal(directory.get(ID), null);
        const verdict = await until(`${words}`, () => failing(directory, "GET /containers/ID/json: ", words));
        assert.equal(verdict.engine?.version, "99.1.0");
        assert.equal(directory.get(ID), null);
        await until("another attempt", () => engine.asked.length > 1);
        engine.manners.inspect = inspect;
        await until("the name", () => directory.get(ID)?.name === "name-1");
        assert.deepEqual(changes, [ID]);
        assert.ok(engine.mostConnections <= 6, "the events, four lookups and one that is just closing");
      }),
    );
  }

  for (const [what, reply, words] of BAD_ANSWERS) {
    it(
      `gives no events but an answer that ${what} still names containers`,
      withEngine(async ({ engine, open }) => {
        const { events } = engine.manners;
        engine.manners.events = reply;
        const directory = open();
        await until("the name", () => directory.get(ID)?.name === "name-1");
        const trouble = await until(
          `${words}`,
          () => words.test(troubleOf(directory) ?? "") && troubleOf(directory),
        );
        assert.match(trouble, /^GET \/events: .*; new names are noticed late/);
        engine.manners.events = events;
        await until("the end of the trouble", () => troubleOf(directory) === null);
      }),
    );
  }

  it(
    "answers without end is read no further than the limit",
    withEngine(async ({ engine, open }) => {
      engine.manners.inspect = () => endless(CHUNKED, chunk(BIG));
      const directory = open();
      directory.get(ID);
      await until("some attempts", () => engine.asked.length > 3);
      directory.close();
      await until("the end of all connections", () => engine.connections === 0);
      // what the kernel and the libraries hold between two processes comes on top of what was read
      assert.ok(engine.bytesWritten / engine.asked.length < MAX_BODY_BYTES + 1024 * 1024);
    }),
  );

  it(
    "gives keys and text made to do harm gives keys and text",
    withEngine(async ({ engine, open }) => {
      const labels = String.raw`{"__proto__":"p","constructor":"c","a\u0000b":"\u001b[2J","n":1,"o":{"x":"y"},"l":["m"]}`;
      const name = String.raw`/\u001b]0;x\u0007`;
      engine.manners.inspect = () =>
        text(`{"Id":"${ID}","Name":"${name}","__proto__":{"Id":1},"Config":{"Labels":${labels}}}`);
      const directory = open();
      const facts = await until("facts", () => directory.get(ID));
      assert.equal(facts.name, "\x1b]0;x\x07", "made safe by whoever shows it");
      assert.equal(facts.image, null);
      const expected = [
        ["__proto__", "p"],
        ["constructor", "c"],
        ["a\0b", "\x1b[2J"],
      ];
      assert.deepEqual(Object.entries(facts.labels), expected);
      assert.equal(facts.labels.hasOwnProperty, undefined);
      assert.equal(Object.getOwnPropertyDescriptor(Object.prototype, "Id"), undefined);
      assert.ok(Object.isFrozen(facts) && Object.isFrozen(facts.labels));
    }),
  );
});

/** A status may be another for a moment: on a busy machine a good answer can be late as well. */
function failing(directory: ContainerDirectory, beginning: string, words: RegExp) {
  const status = directory.status()[0];
  if (status?.state !== "failing") return null;
  return status.reason.startsWith(beginning) && words.test(status.reason) ? status : null;
}

function troubleOf(directory: ContainerDirectory): string | null | undefined {
  const status = directory.status()[0];
  return status?.state === "reachable" ? status.trouble : undefined;
}
