import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import type { ReadOnlyView } from "../../src/ebpf/index.ts";
import { COUNTS, ebpfError, u32, withLibrary } from "./fixture.ts";

test("a mapped array and its map see each other's writes, value by stride", async () => {
  await withLibrary((object) => {
    const map = object.map("shared");
    const mapped = map.mmap();
    assert.equal(mapped.stride, 16, "12 bytes rounded up to 8");
    assert.equal(mapped.view.byteLength, 8 * 16);
    assert.equal(mapped.writable, true);
    map.update(u32(3), u32(1, 2, 3));
    assert.equal(mapped.view.getUint32(3 * mapped.stride + 8, true), 3);
    mapped.view.setUint32(7 * mapped.stride + 4, 77, true);
    assert.deepEqual(map.lookup(u32(7)), u32(0, 77, 0));
    new Uint32Array(mapped.buffer)[0] = 5;
    assert.deepEqual(map.lookup(u32(0)), u32(5, 0, 0));
    assert.equal(mapped.view, mapped.view, "one view");
  });
});

test("a mapping follows the size set before the load", async () => {
  await withLibrary(
    (object) => {
      const mapped = object.map("shared").mmap();
      assert.equal(mapped.view.byteLength, 100_000 * 16);
      object.map("shared").update(u32(99_999), u32(0, 0, 9));
      assert.equal(mapped.view.getUint32(99_999 * 16 + 8, true), 9);
    },
    (object) => object.setMaxEntries("shared", 100_000),
  );
});

test("global variables are shared with the running program, both ways", async () => {
  await withLibrary(
    (object) => {
      const { view } = object.map(".bss").mmap();
      view.setBigUint64(COUNTS.execs, 1000n, true);
      object.program("count_execs").attach();
      spawnSync("/bin/true");
      assert.equal(view.getBigUint64(COUNTS.execs, true), 1001n);
    },
    (object) => object.initialValue(".rodata").setUint32(0, process.pid, true),
  );
});

test("constants are mapped for reading only, and writing to them throws", async () => {
  await withLibrary((object) => {
    const mapped = object.map(".rodata").mmap();
    assert.equal(mapped.writable, false);
    assert.equal(mapped.view.getUint32(0, true), 0);
    const refusal = ebpfError("misuse", "mapped for reading only");
    assert.throws(() => mapped.buffer, refusal);
    assert.throws(() => mapped.view.buffer, refusal);
    for (const name of Object.getOwnPropertyNames(DataView.prototype)) {
      if (!name.startsWith("set")) continue;
      const set = mapped.view[name as "setUint8"];
      assert.throws(() => set.call(mapped.view, 0, 0), refusal, name);
    }
    const view = mapped.view as ReadOnlyView;
    const copy = view.bytes(0, 4);
    copy.fill(1);
    assert.deepEqual(view.bytes(0, 4), u32(0));
    for (const [offset, length] of [
      [0, 9],
      [-1, 2],
      [8, 1],
      [0.5, 1],
      [0, -1],
    ] as const) {
      assert.throws(() => view.bytes(offset, length), ebpfError("misuse", "outside this view"));
    }
  });
});

test("only arrays made to be mapped can be mapped", async () => {
  await withLibrary((object) => {
    for (const name of ["hash", "plain", "percpu", "ring", "queue", "sockets"]) {
      assert.throws(() => object.map(name).mmap(), ebpfError("misuse", `map "${name}" (`), name);
    }
  });
});

test("after the close the mapping throws, and a view kept from before reads zeros and crashes nothing", async () => {
  await withLibrary((object) => {
    const map = object.map("shared");
    const mapped = map.mmap();
    const { view, buffer } = mapped;
    map.update(u32(0), u32(1, 2, 3));
    assert.equal(view.getUint32(0, true), 1);
    mapped.close();
    mapped.close();
    assert.throws(() => mapped.view, ebpfError("misuse", 'the mapping of map "shared" is closed'));
    assert.throws(() => mapped.buffer, ebpfError("misuse", "is closed"));
    assert.equal(view.getUint32(0, true), 0);
    view.setUint32(0, 9, true);
    new Uint8Array(buffer).fill(9);
    assert.deepEqual(map.lookup(u32(0)), u32(1, 2, 3), "the map is not written through a stale view");
    const again = map.mmap();
    assert.equal(again.view.getUint32(8, true), 3);
  });
});

test("views kept past the close of the object read zeros", async () => {
  let view: DataView | undefined;
  let constants: DataView | undefined;
  await withLibrary(
    (object) => {
      object.map("shared").update(u32(0), u32(7, 7, 7));
      view = object.map("shared").mmap().view;
      constants = object.map(".rodata").mmap().view;
      assert.equal(view.getUint32(0, true), 7);
    },
    (object) => object.initialValue(".rodata").setUint32(0, 5, true),
  );
  assert.equal(view?.getUint32(0, true), 0);
  assert.equal(constants?.getUint32(0, true), 0);
});
