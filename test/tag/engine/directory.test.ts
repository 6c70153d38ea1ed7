import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, describe, it } from "node:test";
import { askEngines } from "../../../src/tag/engine/ask-engines.ts";
import { type ContainerDirectory, openContainerDirectory } from "../../../src/tag/engine/directory.ts";
import { until } from "../../commands/deadline.ts";
import { container, containerId, event, type FakeEngine, json, openFakeEngine, text } from "./fake-engine.ts";

const [ONE, TWO] = [containerId(1), containerId(2)];
const LIMITS = { timeoutMs: 500, firstRetryMs: 5, maxRetryMs: 20 };
const folder = mkdtempSync(join(tmpdir(), "npmon-sockets-"));
after(() => rmSync(folder, { recursive: true }));

describe("openContainerDirectory", () => {
  let engines: FakeEngine[];
  let directory: ContainerDirectory;
  let changes: string[];

  beforeEach(async () => {
    engines = [await openFakeEngine(), await openFakeEngine()];
    changes = [];
  });
  afterEach(async () => {
    directory.close();
    for (const engine of engines) {
      await until("the end of all connections", () => engine.connections === 0);
      await engine.close();
    }
  });

  function open(sockets: readonly string[], maxContainers = 100): void {
    directory = openContainerDirectory({
      sockets,
      onChange: (id) => changes.push(id),
      maxContainers,
      limits: LIMITS,
    });
  }

  function engineOf(index: 0 | 1): FakeEngine {
    const engine = engines[index];
    assert.ok(engine !== undefined);
    return engine;
  }

  it("asks once about each container, a few at a time", async () => {
    const engine = engineOf(0);
    engine.manners.inspect = (id) => (socket) => setTimeout(() => json(container(id))(socket), 5);
    open([engine.socket]);
    const ids = Array.from({ length: 60 }, (_, n) => containerId(n));
    await until("all names", () => ids.filter((id) => directory.get(id) === null).length === 0);
    assert.equal(engine.asked.length, 60);
    assert.equal(directory.status()[0]?.lookups, 60);
    assert.deepEqual([...changes].sort(), ids);
    assert.ok(engine.mostConnections <= 6, `${engine.mostConnections} connections`);
  });

  it("gives the same object until something changes", async () => {
    const engine = engineOf(0);
    open([engine.socket]);
    const facts = await until("the name", () => directory.get(ONE));
    engine.cut();
    await until("the second look", () => engine.asked.length === 2);
    await until("its end", () => engine.connections === 1);
    assert.equal(directory.get(ONE), facts);
    assert.deepEqual(changes, [ONE]);
  });

  it("asks nobody about what is not the whole id of a container", async () => {
    const engine = engineOf(0);
    open([engine.socket]);
    for (const id of [
      "",
      "web",
      "../info",
      ONE.slice(1),
      `${ONE}0`,
      ONE.toUpperCase().replace(/0/g, "A"),
      `${ONE}\n`,
    ]) {
      assert.equal(directory.get(id), null);
    }
    await until("a name", () => directory.get(TWO));
    assert.equal(engine.asked.length, 1);
  });

  it("forgets those that went longest without being asked for", async () => {
    const engine = engineOf(0);
    open([engine.socket], 16);
    const ids = Array.from({ length: 16 }, (_, n) => containerId(n));
    await until("all names", () => ids.every((id) => directory.get(id)));
    directory.get(containerId(0));
    await until("one more", () => directory.get(containerId(16)));
    assert.equal(engine.asked.length, 17);
    assert.ok(directory.get(containerId(0)), "asked for lately");
    assert.ok(directory.get(containerId(3)));
    assert.equal(directory.get(containerId(1)), null, "an eighth of them is gone");
    await until("its name again", () => directory.get(containerId(1)));
  });

  it("asks every engine, and believes the one that knows", async () => {
    engineOf(0).manners.inspect = (id) => (id === ONE ? json(container(id, { name: "/a" })) : text("", 404));
    engineOf(1).manners.inspect = (id) => (id === TWO ? json(container(id, { name: "/b" })) : text("", 404));
    open(engines.map(({ socket }) => socket));
    await until("both", () => directory.get(ONE)?.name === "a" && directory.get(TWO)?.name === "b");
  });

  it("lets no engine rename or remove what another one named", async () => {
    engineOf(1).manners.inspect = () => text("", 404);
    open(engines.map(({ socket }) => socket));
    await until("the name", () => directory.get(ONE)?.name === "name-1");
    engineOf(1).manners.inspect = (id) => json(container(id, { name: "/fake" }));
    for (const action of ["destroy", "create", "start", "rename"]) {
      engineOf(1).tell(event(action, ONE, { name: "fake" }));
    }
    engineOf(1).tell(event("create", TWO, { name: "seen" }));
    engineOf(0).manners.inspect = () => text("", 404);
    await until("the events", () => directory.get(TWO)?.name);
    assert.equal(directory.get(ONE)?.name, "name-1");
    engineOf(0).manners.inspect = (id) => json(container(id, { name: "/mine" }));
    engineOf(0).tell(event("rename", ONE, { name: "mine" }));
    await until("the owner's word", () => directory.get(ONE)?.name === "mine");
    assert.equal(changes.filter((id) => id === ONE).length, 2);
  });

  it("believes of a container that nobody asked for yet the engine that spoke of it first", async () => {
    for (const { manners } of engines) manners.inspect = () => text("", 404);
    open(engines.map(({ socket }) => socket));
    await until("the engines", () => directory.status().every(({ state }) => state === "reachable"));
    for (const [index, name] of [
      [0, "first"],
      [1, "second"],
    ] as const) {
      const sentinel = containerId(100 + index);
      engineOf(index).tell(event("create", ONE, { name }));
      engineOf(index).tell(event("rename", ONE, { name }));
      engineOf(index).tell(event("create", sentinel, { name }));
      await until("the events", () => directory.get(sentinel)?.name === name);
    }
    assert.equal(directory.get(ONE)?.name, "first");
  });

  it("takes no second answer from another engine", async () => {
    const held: (() => void)[] = [];
    engineOf(1).manners.inspect = (id) => (socket) => {
      held.push(() => json(container(id, { name: "/second" }))(socket));
    };
    open(engines.map(({ socket }) => socket));
    await until("the first answer", () => directory.get(ONE)?.name === "name-1" && held.length > 0);
    for (const answer of held) answer();
    await until("the end of the second", () => engineOf(1).connections === 1);
    assert.equal(directory.get(ONE)?.name, "name-1");
  });

  it("sends nothing to an engine that is gone", async () => {
    const engine = engineOf(0);
    open([engine.socket]);
    await until("the name", () => directory.get(ONE));
    await engine.close();
    await until("the loss", () => directory.status()[0]?.state === "absent");
    const before = directory.status()[0]?.lookups;
    for (let n = 2; n < 50; n++) assert.equal(directory.get(containerId(n)), null);
    assert.equal(directory.status()[0]?.lookups, before);
    engines.shift();
  });

  it("is silent once it is closed", async () => {
    const engine = engineOf(0);
    open([engine.socket]);
    const facts = await until("the name", () => directory.get(ONE));
    directory.get(TWO);
    directory.close();
    directory.close();
    assert.equal(directory.get(ONE), facts);
    assert.equal(directory.get(TWO), null);
    assert.equal(directory.get(containerId(3)), null);
    await until("the end of all connections", () => engine.connections === 0);
    assert.deepEqual(changes, [ONE]);
  });

  it("says of each socket what is wrong", async () => {
    const file = join(folder, "file.sock");
    writeFileSync(file, "");
    const sockets = [
      [join(folder, "none.sock"), "absent"],
      [join(file, "none.sock"), "absent"],
      [file, "failing", "GET /version: nobody listens"],
      [folder, "failing", "GET /version: nobody listens"],
      [engineOf(0).socket, "reachable"],
    ] as const;
    const paths = sockets.map(([path]) => path);
    open(paths);
    assert.ok(directory.status().every(({ state }) => state === "asked"));
    await until("all verdicts", () => directory.status().every(({ state }) => state !== "asked"));
    for (const states of [directory.status(), await askEngines({ sockets: paths })]) {
      const said = states.map((state) => ({ reason: undefined, ...state }));
      assert.deepEqual(
        said.map(({ socket, state, reason }) => [socket, state, reason]),
        sockets.map(([socket, state, reason]) => [socket, state, reason]),
      );
    }
  });

  it("bears a path that no socket can have", async () => {
    const paths = [`/${"long/".repeat(1_000)}`, "/nul\0nul", ""];
    open(paths);
    directory.get(ONE);
    await until("all verdicts", () => directory.status().every(({ state }) => state !== "asked"));
    assert.equal((await askEngines({ sockets: paths })).length, 3);
  });
});
