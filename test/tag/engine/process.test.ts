import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { openContainerDirectory } from "../../../src/tag/engine/directory.ts";
import { kill, until } from "../../commands/deadline.ts";
import { ended } from "../../commands/npmon.ts";
import { RUN_TYPESCRIPT } from "../../typescript.ts";
import { containerId, openFakeEngine } from "./fake-engine.ts";

function start(program: string, args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(program, import.meta.url));
  return spawn(process.execPath, [...RUN_TYPESCRIPT, path, ...args], { timeout: 15_000 });
}

describe("a process with a container directory", () => {
  it("can end while engines keep it waiting, each in another way", async () => {
    const [first, second, third] = await Promise.all([openFakeEngine(), openFakeEngine(), openFakeEngine()]);
    const engines = [first, second, third];
    try {
      first.manners.version = () => {};
      second.manners.events = () => {};
      third.manners.inspect = () => () => {};
      const sockets = engines.map(({ socket }) => socket);
      const end = ended(start("waiting-program.ts", [...sockets, `${first.socket}.absent`]));
      await until("the lookup", () => third.asked.length > 0);
      assert.deepEqual(await end, { status: 0, stdout: "", stderr: "" });
    } finally {
      for (const engine of engines) await engine.close();
    }
  });

  it("is told when it may not use a socket", async () => {
    const engine = await openFakeEngine();
    try {
      const { stdout } = await ended(start("denied-program.ts", [engine.socket]));
      assert.deepEqual(JSON.parse(stdout), [{ state: "denied", socket: engine.socket }]);
    } finally {
      await engine.close();
    }
  });

  it("goes on beside an engine that is stopped, and has the names once that goes on", async () => {
    const program = start("engine-program.ts", []);
    const [socket] = await once(program.stdout?.setEncoding("utf8") ?? program, "data");
    program.kill("SIGSTOP");
    const limits = { timeoutMs: 80, firstRetryMs: 5, maxRetryMs: 20 };
    const directory = openContainerDirectory({ sockets: [socket], onChange: () => {}, limits });
    try {
      const ids = Array.from({ length: 100 }, (_, n) => containerId(n));
      for (const id of ids) assert.equal(directory.get(id), null);
      await until("a verdict", () => directory.status()[0]?.state === "failing");
      program.kill("SIGCONT");
      await until("all names", () => ids.every((id) => directory.get(id) !== null));
      directory.close();
      program.stdin?.end();
      assert.equal((await once(program, "exit"))[0], 0);
    } finally {
      directory.close();
      if (program.pid !== undefined) kill(program.pid);
    }
  });
});
