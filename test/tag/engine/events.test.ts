import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type ContainerDirectory, openContainerDirectory } from "../../../src/tag/engine/directory.ts";
import { until } from "../../commands/deadline.ts";
import {
  chunk,
  container,
  containerId,
  endless,
  event,
  type FakeEngine,
  json,
  openFakeEngine,
  text,
} from "./fake-engine.ts";

const [ONE, TWO] = [containerId(1), containerId(2)];
const MAX_LINE_BYTES = 16 * 1024;
const UNKNOWN = text("", 404);

describe("events of containers", () => {
  let engine: FakeEngine;
  let directory: ContainerDirectory;
  let changes: string[];

  beforeEach(async () => {
    engine = await openFakeEngine();
    changes = [];
    directory = openContainerDirectory({
      sockets: [engine.socket],
      onChange: (id) => changes.push(id),
      maxContainers: 100,
      limits: {
        timeoutMs: 1_000,
        firstRetryMs: 5,
        maxRetryMs: 20,
        maxLineBytes: MAX_LINE_BYTES,
        maxStreamBytesPerSecond: 256 * 1024,
      },
    });
    await until("the engine", () => trouble() === null);
  });
  afterEach(async () => {
    directory.close();
    await until("the end of all connections", () => engine.connections === 0);
    await engine.close();
  });

  /** Null when there is none. */
  function trouble(): string | null | undefined {
    const status = directory.status()[0];
    return status?.state === "reachable" ? status.trouble : undefined;
  }

  function nameOf(id: string): string | undefined {
    return directory.get(id)?.name;
  }

  /** Resolves when all events told so far have been read. */
  async function untilRead(): Promise<void> {
    const skipped = () => directory.status()[0]?.skippedEvents ?? 0;
    const before = skipped();
    engine.tell(`${"x".repeat(MAX_LINE_BYTES + 1)}\n`);
    await until("the last event", () => skipped() > before);
  }

  it("name a container without a question to the engine", async () => {
    const attributes = {
      name: "web",
      image: "nginx:1",
      oldName: "/a",
      podId: "",
      "com.docker.compose.service": "w",
    };
    engine.tell(event("create", ONE, attributes));
    engine.tell(event("destroy", ONE, attributes));
    await untilRead();
    const facts = directory.get(ONE);
    const labels = { "com.docker.compose.service": "w" };
    assert.deepEqual(
      { ...facts, labels: { ...facts?.labels } },
      { id: ONE, name: "web", image: "nginx:1", labels },
    );
    assert.deepEqual(engine.asked, []);
    assert.deepEqual(changes, [], "it was not asked for before");
  });

  it("name a container that was asked for before the engine had it", async () => {
    engine.manners.inspect = () => UNKNOWN;
    assert.equal(directory.get(ONE), null);
    await until("the answer", () => engine.asked.length === 1 && directory.status()[0]?.lookups === 1);
    engine.tell(event("start", ONE, { name: "late" }));
    await until("the name", () => nameOf(ONE) === "late");
    assert.deepEqual(changes, [ONE]);
  });

  it("count less than the engine's own answer", async () => {
    engine.manners.inspect = (id) => json(container(id, { name: "/web", labels: { network: "dmz" } }));
    engine.tell(event("create", ONE, { name: "web", image: "image:1", network: "dmz" }));
    await untilRead();
    assert.deepEqual({ ...directory.get(ONE)?.labels }, {});
    await until("the answer", () => changes.includes(ONE));
    assert.deepEqual({ ...directory.get(ONE)?.labels }, { network: "dmz" });
  });

  it("of a new name bring the new name, also when it comes while the old one is looked up", async () => {
    const held: (() => void)[] = [];
    let name = "/old";
    engine.manners.inspect = (id) => {
      const reply = json(container(id, { name }));
      return (socket) => held.push(() => reply(socket));
    };
    directory.get(ONE);
    const first = await until("the lookup", () => held.shift());
    name = "/new";
    engine.tell(event("rename", ONE, { name: "new", oldName: "/old" }));
    await untilRead();
    first();
    const release = setInterval(() => held.shift()?.(), 5);
    await until("the new name", () => nameOf(ONE) === "new");
    clearInterval(release);
  });

  it("after an interruption are made up for", async () => {
    await until("the name", () => nameOf(ONE) === "name-1");
    engine.manners.inspect = (id) => json(container(id, { name: `/renamed-${id.at(-1)}` }));
    engine.cut();
    await until("the new name", () => nameOf(ONE) === "renamed-1");
  });

  it("that make no sense are passed over", async () => {
    engine.manners.inspect = () => UNKNOWN;
    for (const line of [
      "\n",
      "no JSON\n",
      "null\n",
      "[]\n",
      "{}\n",
      '{"Type":"container"}\n',
      '{"Type":"container","Action":"create","Actor":null}\n',
      '{"Type":"container","Action":"create","Actor":{"ID":7}}\n',
      '{"Type":"container","Action":"__proto__","Actor":{"ID":"x"}}\n',
      "[".repeat(10_000),
      "\n",
      "\xff\xfe\n",
    ]) {
      engine.tell(line);
    }
    engine.tell(event("create", "../../etc/passwd", { name: "evil" }));
    engine.tell(event("create", ONE, { name: 7 }));
    engine.tell(event("create", ONE, []));
    engine.tell({ ...event("create", ONE, { name: "an image" }), Type: "image" });
    engine.tell(event("create", TWO, { name: "two" }));
    await until("the name", () => nameOf(TWO) === "two");
    assert.equal(directory.get("../../etc/passwd"), null);
    assert.equal(directory.get(ONE), null);
    assert.equal(trouble(), null);
  });

  it("that are too long are passed over and counted", async () => {
    engine.manners.inspect = () => UNKNOWN;
    engine.tell(event("create", ONE, { name: "long", label: "x".repeat(MAX_LINE_BYTES) }));
    engine.tell(event("create", TWO, { name: "short" }));
    await until("the short one", () => nameOf(TWO) === "short");
    assert.equal(directory.get(ONE), null);
    assert.equal(directory.status()[0]?.skippedEvents, 1);
  });

  it("that are more than can be read are left alone for a while", async () => {
    await until("the name", () => nameOf(ONE) === "name-1");
    const { events } = engine.manners;
    const line = chunk(`${JSON.stringify(event("create", TWO, { name: "b" }))}\n`);
    let times = 0;
    engine.manners.events = (socket) => {
      times++;
      endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", line)(socket);
    };
    engine.cut();
    await until("the trouble", () => /more than 262144 bytes in a second/.test(trouble() ?? ""));
    await until("another attempt", () => times > 1);
    engine.manners.events = events;
    await until("the end of the trouble", () => trouble() === null);
    assert.equal(nameOf(ONE), "name-1");
  });

  it("of more containers than there is room for push out no container that was asked for", async () => {
    const facts = await until("the name", () => directory.get(ONE));
    engine.manners.inspect = () => UNKNOWN;
    for (let n = 2; n <= 200; n++) engine.tell(event("create", containerId(n), { name: `n${n}` }));
    await until("the last one", () => nameOf(containerId(200)) === "n200");
    assert.equal(directory.get(ONE), facts);
    assert.equal(nameOf(containerId(180)), "n180");
    assert.equal(directory.get(TWO), null, "pushed out by later ones");
  });

  it("are asked for with a filter, and only once while they last", async () => {
    const { events } = engine.manners;
    let asked = 0;
    engine.manners.events = (socket) => {
      asked++;
      events(socket);
    };
    engine.cut();
    await until("the stream", () => asked === 1 && trouble() === null);
    for (let n = 1; n <= 50; n++) directory.get(containerId(n));
    await until("the names", () => nameOf(containerId(50)));
    assert.equal(asked, 1);
  });
});
