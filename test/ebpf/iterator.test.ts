import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { createServer } from "node:net";
import { test } from "node:test";
import { ebpfError, readCount, u32, u64, withLibrary } from "./fixture.ts";

test("an iterator's output is read whole, and running it again starts over", async () => {
  await withLibrary((object) => {
    const iterator = object.program("walk_tasks").attachIterator();
    for (let round = 1; round <= 2; round++) {
      const output = iterator.read();
      const pids = new Uint32Array(output.buffer, output.byteOffset, output.byteLength / 4);
      assert.ok(pids.includes(process.pid), "this process is among the tasks");
      assert.ok(pids.includes(process.ppid), "and its parent");
    }
    iterator.close();
  });
});

test("running an iterator throws its output away but walks all the same", async () => {
  await withLibrary((object) => {
    const iterator = object.program("walk_tasks").attachIterator();
    iterator.run();
    const once = readCount(object, "tasks");
    assert.ok(once > 1);
    iterator.run();
    assert.ok(readCount(object, "tasks") > once);
  });
});

test("a task iterator is kept to one process", async () => {
  await withLibrary((object) => {
    const iterator = object.program("walk_tasks").attachIterator({ pid: process.pid });
    const output = iterator.read();
    const threads = readdirSync("/proc/self/task").map(Number);
    const seen = [...new Uint32Array(output.buffer, output.byteOffset, output.byteLength / 4)];
    assert.deepEqual(new Set(seen), new Set(threads));
  });
});

test("socket storage of a socket of this process is found by its descriptor", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  try {
    await withLibrary((object) => {
      const handle = (server as unknown as { _handle: { fd: number } })._handle;
      const sockets = object.map("sockets");
      assert.equal(sockets.lookup(u32(handle.fd)), null);
      sockets.update(u32(handle.fd), u64(5n));
      assert.deepEqual(sockets.lookup(u32(handle.fd)), u64(5n));
      assert.throws(() => [...sockets.keys()], ebpfError("map", "ENOTSUPP"));
    });
  } finally {
    server.close();
  }
});

test("a process number that is none is refused", async () => {
  await withLibrary((object) => {
    const tasks = object.program("walk_tasks");
    for (const pid of [0, -1, 1.5, 2 ** 31]) {
      assert.throws(() => tasks.attachIterator({ pid }), ebpfError("misuse", "pid must be an integer"));
    }
  });
});

test("a closed iterator does not run", async () => {
  await withLibrary((object) => {
    const iterator = object.program("walk_tasks").attachIterator();
    iterator.close();
    iterator.close();
    assert.throws(() => iterator.run(), ebpfError("misuse", "is closed"));
    assert.throws(() => iterator.read(), ebpfError("misuse", "is closed"));
  });
});

test("running an iterator leaves no descriptor behind", async () => {
  await withLibrary((object) => {
    const iterator = object.program("walk_tasks").attachIterator();
    iterator.run();
    const before = readdirSync("/proc/self/fd").length;
    for (let i = 0; i < 20; i++) iterator.run();
    assert.equal(readdirSync("/proc/self/fd").length, before);
  });
});
