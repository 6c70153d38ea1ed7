import assert from "node:assert/strict";
import { test } from "node:test";
import { possibleCpus } from "../../src/ebpf/index.ts";
import { ebpfError, u32, u64, withLibrary } from "./fixture.ts";

test("a hash map is updated, looked up and deleted from", async () => {
  await withLibrary((object) => {
    const map = object.map("hash");
    assert.equal(map.lookup(u32(1)), null);
    map.update(u32(1), u64(10n));
    assert.deepEqual(map.lookup(u32(1)), u64(10n));
    map.update(u32(1), u64(11n));
    assert.deepEqual(map.lookup(u32(1)), u64(11n));
    assert.equal(map.delete(u32(1)), true);
    assert.equal(map.delete(u32(1)), false);
    assert.equal(map.lookup(u32(1)), null);
  });
});

test("update flags are the kernel's", async () => {
  await withLibrary((object) => {
    const map = object.map("hash");
    assert.throws(() => map.update(u32(1), u64(1n), 2), ebpfError("map", "ENOENT"));
    map.update(u32(1), u64(1n), 1);
    assert.throws(() => map.update(u32(1), u64(2n), 1), ebpfError("map", "EEXIST"));
    for (const flags of [-1, 8, 0.5]) {
      assert.throws(() => map.update(u32(1), u64(2n), flags), ebpfError("misuse", "flags must be"));
    }
    assert.deepEqual(map.lookup(u32(1)), u64(1n));
  });
});

test("a full hash map says so", async () => {
  await withLibrary((object) => {
    const map = object.map("hash");
    for (let i = 0; i < map.maxEntries; i++) map.update(u32(i), u64(0n));
    assert.throws(() => map.update(u32(1000), u64(0n)), ebpfError("map", 'cannot update map "hash"'));
  });
});

test("keys are walked, also while each is deleted", async () => {
  await withLibrary((object) => {
    const map = object.map("hash");
    assert.deepEqual([...map.keys()], []);
    for (let i = 0; i < 40; i++) map.update(u32(i), u64(0n));
    const numbers = [...map.keys()].map((key) => key.readUInt32LE()).sort((a, b) => a - b);
    assert.deepEqual(numbers, [...Array(40).keys()]);
    for (const key of map.keys()) map.delete(key);
    assert.deepEqual([...map.keys()], []);
    assert.deepEqual([...object.map("plain").keys()].length, 8);
  });
});

test("writing over a key that keys() gave does not derail the walk", async () => {
  await withLibrary((object) => {
    const map = object.map("hash");
    for (let i = 0; i < 10; i++) map.update(u32(i), u64(0n));
    let walked = 0;
    for (const key of map.keys()) {
      key.fill(0xff);
      walked++;
    }
    assert.equal(walked, 10);
  });
});

test("batches write, read and delete hash and array maps", async () => {
  await withLibrary((object) => {
    const numbers = [...Array(50).keys()];
    const hash = object.map("hash");
    hash.updateBatch(u32(...numbers), u64(...numbers.map((n) => BigInt(n * 3))));
    for (const size of [1, 7, 4096]) {
      const seen = new Map<number, bigint>();
      for (const batch of hash.lookupBatch(size)) {
        assert.equal(batch.keys.byteLength, batch.count * 4);
        assert.equal(batch.values.byteLength, batch.count * 8);
        for (let i = 0; i < batch.count; i++) {
          seen.set(batch.keys.readUInt32LE(i * 4), batch.values.readBigUInt64LE(i * 8));
        }
      }
      assert.deepEqual(
        [...seen].sort(([a], [b]) => a - b),
        numbers.map((n) => [n, BigInt(n * 3)]),
        `size ${size}`,
      );
    }
    assert.equal(hash.deleteBatch(u32(0, 1, 2)), 3);
    assert.equal(hash.deleteBatch(u32(3, 0, 4)), 1, "stops at the first that is not there");
    assert.equal(hash.lookup(u32(3)), null);
    assert.deepEqual(hash.lookup(u32(4)), u64(12n));

    const plain = object.map("plain");
    plain.updateBatch(u32(1, 5), u32(100, 500));
    for (const size of [3, 8, 100]) {
      const values = [...plain.lookupBatch(size)].flatMap((batch) => [
        ...new Uint32Array(Uint8Array.from(batch.values).buffer),
      ]);
      assert.deepEqual(values, [0, 100, 0, 0, 0, 500, 0, 0], `size ${size}`);
    }
  });
});

test("a batch that reads and deletes empties the map", async () => {
  await withLibrary((object) => {
    const map = object.map("hash");
    map.updateBatch(u32(...Array(30).keys()), Buffer.alloc(30 * 8));
    let read = 0;
    for (const batch of map.lookupAndDeleteBatch(8)) read += batch.count;
    assert.equal(read, 30);
    assert.deepEqual([...map.keys()], []);
    assert.deepEqual([...map.lookupBatch()], []);
  });
});

test("a map closed between two batches stops the walk", async () => {
  await withLibrary((object) => {
    const map = object.map("plain");
    const batches = map.lookupBatch(2);
    const keys = map.keys();
    batches.next();
    keys.next();
    object.close();
    assert.throws(() => batches.next(), ebpfError("misuse", "is closed"));
    assert.throws(() => keys.next(), ebpfError("misuse", "is closed"));
  });
});

test("a batch that the map cannot do is refused by the kernel, not by a crash", async () => {
  await withLibrary((object) => {
    assert.throws(() => [...object.map("sockets").lookupBatch()], ebpfError("map", 'map "sockets"'));
    assert.throws(() => object.map("plain").deleteBatch(u32(1)), ebpfError("map", 'map "plain"'));
    assert.throws(
      () => object.map("plain").updateBatch(u32(1, 99), u32(1, 2)),
      ebpfError("map", "1 of 2 entries"),
    );
  });
});

test("a per-CPU map gives a value for every possible CPU", async () => {
  await withLibrary((object) => {
    const map = object.map("percpu");
    const cpus = possibleCpus();
    assert.equal(map.valueSize, 4);
    assert.equal(map.userValueSize, 8 * cpus);
    const value = Buffer.alloc(8 * cpus);
    for (let cpu = 0; cpu < cpus; cpu++) value.writeUInt32LE(cpu + 7, cpu * 8);
    map.update(u32(1), value);
    assert.deepEqual(map.lookup(u32(1)), value);
    assert.deepEqual([...map.lookupBatch()][0]?.values, Buffer.concat([Buffer.alloc(8 * cpus), value]));
    assert.throws(
      () => map.update(u32(1), Buffer.alloc(4)),
      ebpfError("misuse", `must be ${8 * cpus} bytes, got 4`),
    );
  });
});

test("keys and values of a wrong size are misuse", async () => {
  await withLibrary((object) => {
    const map = object.map("hash");
    for (const size of [0, 3, 5, 8]) {
      const key = Buffer.alloc(size);
      const text = `a key of map "hash" must be 4 bytes, got ${size}`;
      assert.throws(() => map.lookup(key), ebpfError("misuse", text));
      assert.throws(() => map.delete(key), ebpfError("misuse", text));
      assert.throws(() => map.update(key, u64(0n)), ebpfError("misuse", text));
    }
    for (const size of [0, 7, 9]) {
      assert.throws(() => map.update(u32(1), Buffer.alloc(size)), ebpfError("misuse", "must be 8 bytes"));
    }
    for (const wrong of ["1234", null, undefined, [1, 2, 3, 4], 1234n]) {
      const key = wrong as unknown as Uint8Array;
      assert.throws(() => map.lookup(key), ebpfError("misuse", "Uint8Array"));
      assert.throws(() => map.update(u32(1), key), ebpfError("misuse", "Uint8Array"));
      assert.throws(() => map.deleteBatch(key), ebpfError("misuse", "Uint8Array"));
    }
    assert.throws(() => map.updateBatch(u32(1, 2), u64(1n)), ebpfError("misuse", "must be 16 bytes, got 8"));
    assert.throws(
      () => map.updateBatch(Buffer.alloc(0), Buffer.alloc(0)),
      ebpfError("misuse", "one or more times"),
    );
    assert.throws(
      () => map.deleteBatch(Buffer.alloc(6)),
      ebpfError("misuse", "one or more times 4 bytes, got 6"),
    );
    for (const size of [0, -1, 1.5, 2 ** 32]) {
      assert.throws(() => map.lookupBatch(size), ebpfError("misuse", "the batch size must be"));
    }
  });
});

test("a map without keys has no entries to look up", async () => {
  await withLibrary((object) => {
    for (const name of ["ring", "queue"]) {
      const map = object.map(name);
      const text = `map "${name}" (${map.type === "queue" ? "queue" : "ringbuf"}) has no keys`;
      assert.throws(() => map.lookup(Buffer.alloc(0)), ebpfError("misuse", text));
      assert.throws(() => map.update(Buffer.alloc(0), Buffer.alloc(4)), ebpfError("misuse", text));
      assert.throws(() => map.delete(Buffer.alloc(0)), ebpfError("misuse", text));
      assert.throws(() => map.keys(), ebpfError("misuse", text));
      assert.throws(() => map.lookupBatch(), ebpfError("misuse", text));
    }
  });
});
