import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { findContainer } from "../../../src/tag/container.ts";
import { askEngines } from "../../../src/tag/engine/ask-engines.ts";
import { type ContainerDirectory, openContainerDirectory } from "../../../src/tag/engine/directory.ts";
import { until } from "../../commands/deadline.ts";
import { type Docker, openDocker } from "./docker.ts";
import { IMAGE } from "./image.ts";
import { joinNamespaces } from "./veth.ts";

const SLEEP = ["/bin/sleep", "600"];

describe("a real Docker engine", () => {
  let docker: Docker;
  let directory: ContainerDirectory;
  let changes: string[];

  before(async () => {
    docker = await openDocker();
  });
  after(() => docker.close());
  afterEach(() => directory.close());

  function open(): ContainerDirectory {
    changes = [];
    directory = openContainerDirectory({
      sockets: [docker.socket],
      onChange: (id) => changes.push(id),
      limits: { firstRetryMs: 20, maxRetryMs: 100 },
    });
    return directory;
  }

  function reachable(): Promise<unknown> {
    return until("the engine", () => directory.status()[0]?.state === "reachable");
  }

  function nameOf(id: string): string | undefined {
    return directory.get(id)?.name;
  }

  it("names a container that was there before, with its image and labels", async () => {
    const labels = { "com.docker.compose.project": "shop", "com.docker.compose.service": "web", note: "a b" };
    const { id, pid } = await docker.run({ name: "web", labels, args: SLEEP, network: "host" });
    open();
    assert.equal(directory.get(id), null);
    const facts = await until("a name", () => directory.get(id));
    assert.deepEqual({ ...facts, labels: { ...facts.labels } }, { id, name: "web", image: IMAGE, labels });
    assert.equal(directory.get(id), facts);
    assert.deepEqual(changes, [id]);
    assert.equal(directory.status()[0]?.lookups, 1);
    assert.equal(findContainer(readFileSync(`/proc/${pid}/cgroup`, "utf8").trimEnd())?.id, id);
  });

  it("says which engine answers", async () => {
    open();
    await reachable();
    const status = directory.status()[0];
    assert.ok(status?.state === "reachable");
    assert.equal(status.engine.name, "Docker");
    assert.match(status.engine.version ?? "", /^\d+\.\d+/);
    assert.match(status.engine.apiVersion, /^1\.\d+$/);
    const { lookups: _, skippedEvents: __, ...state } = status;
    assert.deepEqual(await askEngines({ sockets: [docker.socket] }), [state]);
  });

  it("names containers that start while it watches, and follows a new name", async () => {
    open();
    await reachable();
    const { id } = await docker.run({ name: "first", args: SLEEP, network: "own" });
    await until("a name", () => nameOf(id) === "first");
    await docker.rename("first", "second");
    await until("the new name", () => nameOf(id) === "second");
    assert.ok(changes.includes(id));
  });

  it("keeps the name of a container that was removed", async () => {
    open();
    await reachable();
    const { id } = await docker.run({ name: "brief", args: SLEEP, network: "own" });
    await until("a name", () => nameOf(id) === "brief");
    await docker.remove("brief");
    const { id: next } = await docker.run({ name: "next", args: SLEEP, network: "own" });
    await until("the next name", () => nameOf(next) === "next");
    assert.equal(nameOf(id), "brief");
  });

  it("knows a container that was gone before anyone asked", async () => {
    open();
    await reachable();
    const labels = { "com.datadoghq.tags.service": "job" };
    const job = { name: "job", labels, args: ["/bin/true"], network: "own", autoRemove: true } as const;
    const { id } = await docker.run(job);
    await docker.removed(id);
    const facts = await until("what the events told", () => directory.get(id));
    assert.deepEqual({ ...facts, labels: { ...facts.labels } }, { id, name: "job", image: IMAGE, labels });
  });

  it("goes on when the engine is killed and comes back", async () => {
    const { id: known, pid } = await docker.run({ name: "known", args: SLEEP, network: "own" });
    const { id: late } = await docker.run({ name: "late", args: SLEEP, network: "own" });
    open();
    await until("a name", () => nameOf(known));

    await docker.stop("SIGKILL");
    await until("the loss", () => directory.status()[0]?.state === "failing");
    assert.equal(nameOf(known), "known");
    assert.equal(directory.get(late), null);

    await docker.restart();
    assert.equal(await docker.pid("known"), pid);
    await docker.rename("known", "renamed");
    await until("the name asked for meanwhile", () => nameOf(late) === "late");
    await until("the new name", () => nameOf(known) === "renamed");
  });

  it("waits for an engine that is not there yet", async () => {
    const { id } = await docker.run({ name: "waiting", args: SLEEP, network: "own" });
    await docker.stop();
    open();
    assert.equal(directory.get(id), null);
    await until("a verdict", () => directory.status()[0]?.state === "absent");
    await docker.restart();
    await until("the name", () => nameOf(id) === "waiting");
    assert.equal(directory.status()[0]?.state, "reachable");
  });
});

describe("the Docker fixture", () => {
  it("joins the networks of containers, and leaves nothing behind", async () => {
    const docker = await openDocker();
    const pids: number[] = [];
    try {
      const web = {
        name: "web",
        args: ["/bin/httpd", "-f", "-p", "80", "-h", "/bin"],
        network: "own",
      } as const;
      const server = await docker.run(web);
      const client = await docker.run({ name: "client", args: SLEEP, network: "own" });
      pids.push(server.pid, client.pid);
      joinNamespaces(
        { pid: server.pid, address: "192.0.2.1/24" },
        { pid: client.pid, address: "192.0.2.2/24", name: "toserver" },
      );
      const get = ["/bin/wget", "-q", "-O", "/dev/null", "http://192.0.2.1/busybox"];
      assert.equal(await docker.exec("client", get), 0);
      assert.notEqual(await docker.exec("client", [...get.slice(0, -1), "http://192.0.2.1/nothing"]), 0);
    } finally {
      await docker.close();
    }
    const folder = dirname(docker.socket);
    assert.equal(existsSync(folder), false);
    assert.deepEqual(pids.filter(isAlive), []);
    const started = readdirSync("/proc").filter((pid) => commandLine(pid).includes(folder));
    assert.deepEqual(started, []);
  });
});

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}/exe`);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
