import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { LoadedObject, RingBuffer } from "../../src/ebpf/index.ts";
import { pageSize } from "../../src/ebpf/libc.ts";
import { Lifetime } from "../../src/ebpf/lifetime.ts";
import { RingBuffer as RingBufferOver } from "../../src/ebpf/ring-buffer.ts";
import { ebpfError, readCount, u32, withLibrary } from "./fixture.ts";

const SUBMIT = 1;
const DISCARD = 2;

interface Order {
  readonly action: number;
  readonly length: number;
  readonly stamp: number;
}

function submit(stamp: number, length = 16): Order {
  return { action: SUBMIT, length, stamp };
}

/** Has the kernel program carry out the orders, in order. */
function emitter(object: LoadedObject): (orders: readonly Order[]) => void {
  const map = object.map("orders");
  const program = object.program("emit");
  return (orders) => {
    for (let i = 0; i < map.maxEntries; i++) {
      const { action, length, stamp } = orders[i] ?? { action: 0, length: 0, stamp: 0 };
      map.update(u32(i), u32(action, length, stamp));
    }
    program.run();
  };
}

/** Consumes and returns [stamp, length] of each record, having checked that the stamp fills the payload. */
function take(ring: RingBuffer, limit?: number): [stamp: number, length: number][] {
  const records: [number, number][] = [];
  ring.consume((view, offset, length) => {
    const stamp = view.getUint32(offset, true);
    for (let at = 0; at < length; at += 4) assert.equal(view.getUint32(offset + at, true), stamp);
    records.push([stamp, length]);
  }, limit);
  return records;
}

test("records come in order, with their lengths", async () => {
  await withLibrary((object) => {
    const ring = object.map("ring").openRingBuffer();
    assert.equal(ring.capacityBytes, 4096);
    assert.equal(ring.pendingBytes(), 0);
    assert.deepEqual(take(ring), []);
    const emit = emitter(object);
    emit([submit(1, 4), submit(2, 8), submit(3, 12), submit(4, 1000)]);
    assert.equal(ring.pendingBytes(), 16 + 16 + 24 + 1008);
    assert.equal(ring.position(), 16 + 16 + 24 + 1008);
    assert.deepEqual(take(ring), [
      [1, 4],
      [2, 8],
      [3, 12],
      [4, 1000],
    ]);
    assert.equal(ring.pendingBytes(), 0);
    assert.equal(ring.position(), 16 + 16 + 24 + 1008, "the position only grows");
    assert.deepEqual(take(ring), []);
  });
});

test("a record that wraps around the end is contiguous", async () => {
  await withLibrary((object) => {
    const ring = object.map("ring").openRingBuffer();
    const emit = emitter(object);
    let wrapped = 0;
    for (let round = 0; round < 40; round++) {
      emit([submit(round * 2 + 1, 600), submit(round * 2 + 2, 300)]);
      const before = ring.position() - ring.pendingBytes();
      assert.deepEqual(take(ring), [
        [round * 2 + 1, 600],
        [round * 2 + 2, 300],
      ]);
      if ((before % 4096) + 608 > 4096) wrapped++;
    }
    assert.ok(ring.position() > 8 * 4096);
    assert.ok(wrapped > 0, "no record wrapped: the test shows nothing");
    assert.equal(readCount(object, "lost"), 0);
  });
});

test("of what is mapped a second time there is as much as the longest record needs", async () => {
  const capacity = 64 * pageSize();
  await withLibrary(
    (object) => {
      const ring = object.map("ring").openRingBuffer(600);
      const emit = emitter(object);
      const stamps = Array.from({ length: 100 }, (_, index) => index + 1);
      let wrapped = 0;
      while (ring.position() < 3 * capacity) {
        const before = ring.position();
        emit(stamps.map((stamp) => submit(stamp, 600)));
        assert.deepEqual(
          take(ring),
          stamps.map((stamp) => [stamp, 600]),
        );
        const inLap = ring.position() % capacity;
        if (inLap < before % capacity && inLap % 608 > 0) wrapped++;
      }
      assert.ok(wrapped > 0, "no record wrapped: the test shows nothing");
      emit([submit(1, 8)]);
      let mapped = 0;
      ring.consume((view) => {
        mapped = view.byteLength;
      });
      assert.equal(mapped, capacity + pageSize());
    },
    (object) => object.setMaxEntries("ring", capacity),
  );
});

test("a record that is longer than was said is misuse, and counts as consumed", async () => {
  await withLibrary((object) => {
    const ring = object.map("ring").openRingBuffer(16);
    emitter(object)([submit(1), submit(2, 20), submit(3)]);
    const stamps: number[] = [];
    const read = () => ring.consume((view, offset) => stamps.push(view.getUint32(offset, true)));
    assert.throws(read, ebpfError("misuse", "a record of 20 bytes is longer than the 16"));
    assert.equal(read(), 1);
    assert.deepEqual(stamps, [1, 3]);
    assert.equal(ring.pendingBytes(), 0);
    ring.close();
    for (const wrong of [0, -1, 1.5, 2 ** 30]) {
      assert.throws(
        () => object.map("ring").openRingBuffer(wrong),
        ebpfError("misuse", "the longest record"),
      );
    }
  });
});

test("discarded records are skipped and give their space back", async () => {
  await withLibrary((object) => {
    const ring = object.map("ring").openRingBuffer();
    const emit = emitter(object);
    const discard = { action: DISCARD, length: 0, stamp: 0 };
    emit([discard, submit(1), discard, discard, submit(2), discard]);
    assert.equal(ring.pendingBytes(), 4 * 48 + 2 * 24);
    assert.deepEqual(take(ring), [
      [1, 16],
      [2, 16],
    ]);
    assert.equal(ring.pendingBytes(), 0);
  });
});

test("a full ring buffer loses records in the program, and works again once consumed", async () => {
  await withLibrary((object) => {
    const ring = object.map("ring").openRingBuffer();
    const emit = emitter(object);
    const orders = Array.from({ length: 10 }, (_, i) => submit(i + 1, 1000)); // 1008 bytes each: 4 fit
    emit(orders);
    assert.equal(readCount(object, "lost"), 6);
    assert.ok(ring.pendingBytes() <= ring.capacityBytes);
    assert.deepEqual(
      take(ring).map(([stamp]) => stamp),
      [1, 2, 3, 4],
    );
    emit([submit(50, 1000)]);
    assert.deepEqual(take(ring), [[50, 1000]]);
    assert.equal(readCount(object, "lost"), 6);
  });
});

test("space is given back while records are still being consumed", async () => {
  await withLibrary((object) => {
    const ring = object.map("ring").openRingBuffer();
    const emit = emitter(object);
    emit(Array.from({ length: 100 }, (_, i) => submit(i)));
    const pending: number[] = [];
    ring.consume(() => pending.push(ring.pendingBytes()));
    assert.equal(pending[0], 2400);
    const last = pending.at(-1) ?? Number.NaN;
    assert.ok(last <= 4096 / 8 + 24, `still ${last} bytes held at the last record`);
  });
});

test("consume stops at the limit and goes on from there", async () => {
  await withLibrary((object) => {
    const ring = object.map("ring").openRingBuffer();
    const emit = emitter(object);
    emit([submit(1), submit(2)]);
    const limit = ring.position();
    emit([submit(3)]);
    assert.deepEqual(take(ring, 0), []);
    assert.deepEqual(
      take(ring, limit).map(([stamp]) => stamp),
      [1, 2],
    );
    assert.deepEqual(take(ring, limit), []);
    assert.deepEqual(
      take(ring, limit + 1_000_000).map(([stamp]) => stamp),
      [3],
    );
    for (const wrong of [-1, Number.NaN]) {
      assert.throws(() => ring.consume(() => {}, wrong), ebpfError("misuse", "the limit must be a position"));
    }
  });
});

test("consume counts what it hands over", async () => {
  await withLibrary((object) => {
    const ring = object.map("ring").openRingBuffer();
    emitter(object)([submit(1), { action: DISCARD, length: 0, stamp: 0 }, submit(2)]);
    assert.equal(
      ring.consume(() => {}),
      2,
    );
    assert.equal(
      ring.consume(() => {}),
      0,
    );
  });
});

test("records that programs add meanwhile wait for the next consume", async () => {
  await withLibrary((object) => {
    const ring = object.map("ring").openRingBuffer();
    const emit = emitter(object);
    emit([submit(1)]);
    const seen: number[] = [];
    ring.consume((view, offset) => {
      seen.push(view.getUint32(offset, true));
      emit([submit(9)]);
    });
    assert.deepEqual(seen, [1]);
    assert.deepEqual(take(ring), [[9, 16]]);
  });
});

test("the record on which onRecord throws counts as consumed and the rest stay", async () => {
  await withLibrary((object) => {
    const ring = object.map("ring").openRingBuffer();
    emitter(object)([submit(1), submit(2), submit(3)]);
    const error = new Error("mine");
    assert.throws(
      () =>
        ring.consume((view, offset) => {
          if (view.getUint32(offset, true) === 2) throw error;
        }),
      error,
    );
    assert.equal(ring.pendingBytes(), 24);
    assert.deepEqual(take(ring), [[3, 16]]);
  });
});

test("consuming from within onRecord is misuse, closing is not", async () => {
  await withLibrary((object) => {
    const ring = object.map("ring").openRingBuffer();
    emitter(object)([submit(1), submit(2), submit(3)]);
    assert.throws(
      () => ring.consume(() => void ring.consume(() => {})),
      ebpfError("misuse", "from its own onRecord"),
    );
    let records = 0;
    ring.consume(() => {
      records++;
      ring.close();
    });
    assert.equal(records, 1);
    assert.throws(() => ring.pendingBytes(), ebpfError("misuse", 'ring buffer "ring" is closed'));
  });
});

test("the records are mapped for reading only", async () => {
  await withLibrary((object) => {
    const ring = object.map("ring").openRingBuffer();
    emitter(object)([submit(7)]);
    ring.consume((view, offset, length) => {
      assert.throws(() => view.setUint8(offset, 0), ebpfError("misuse", "mapped for reading only"));
      assert.throws(() => view.buffer, ebpfError("misuse", "mapped for reading only"));
      assert.deepEqual(view.bytes(offset, length), u32(7, 7, 7, 7));
    });
  });
});

test("after the close every method throws, a kept view reads zeros, and the map opens again", async () => {
  await withLibrary((object) => {
    const map = object.map("ring");
    const ring = map.openRingBuffer();
    assert.throws(() => map.openRingBuffer(), ebpfError("misuse", "is open already"));
    const emit = emitter(object);
    emit([submit(5), submit(6)]);
    let kept: { view: DataView; offset: number } | undefined;
    ring.consume((view, offset) => {
      kept ??= { view, offset };
    });
    assert.equal(kept?.view.getUint32(kept.offset, true), 5);
    ring.close();
    ring.close();
    const closed = ebpfError("misuse", "is closed");
    assert.throws(() => ring.pendingBytes(), closed);
    assert.throws(() => ring.position(), closed);
    assert.throws(() => ring.consume(() => {}), closed);
    assert.equal(kept?.view.getUint32(kept.offset, true), 0);
    emit([submit(8)]);
    assert.deepEqual(take(map.openRingBuffer()), [[8, 16]], "goes on where the first reader stopped");
  });
});

test("a map that is not a ring buffer does not open as one", async () => {
  await withLibrary((object) => {
    for (const name of ["hash", "shared", "queue"]) {
      assert.throws(() => object.map(name).openRingBuffer(), ebpfError("misuse", "is not a ring buffer"));
    }
  });
});

test("consume stops before a record that is still being written", () => {
  // No program can leave a record unsubmitted, so a file laid out as the kernel lays out its pages stands in.
  const page = pageSize();
  const folder = mkdtempSync(join(tmpdir(), "npmon-ebpf-"));
  const fd = openSync(join(folder, "ring"), "w+");
  const lifetime = new Lifetime("the test");
  try {
    writeSync(fd, Buffer.alloc(1), 0, 1, 2 * page + 2 * page - 1);
    const data = (offset: number) => 2 * page + offset;
    const busy = 0x8000_0000;
    writeSync(fd, u32(8, 0, 111, 111), 0, 16, data(0));
    writeSync(fd, u32((busy | 8) >>> 0, 0, 222, 222), 0, 16, data(16));
    writeSync(fd, u32(8, 0, 333, 333), 0, 16, data(32));
    writeSync(fd, u32(48, 0), 0, 8, page);
    const ring = new RingBufferOver("file", fd, page, page, lifetime, () => {});
    const consumed = () => {
      const position = Buffer.alloc(8);
      readSync(fd, position, 0, 8, 0);
      return position.readBigUInt64LE();
    };
    assert.deepEqual(take(ring), [[111, 8]]);
    assert.deepEqual(take(ring), []);
    assert.equal(ring.pendingBytes(), 32);
    assert.equal(consumed(), 16n, "the kernel may use what was consumed");
    writeSync(fd, u32(8), 0, 4, data(16));
    assert.deepEqual(take(ring), [
      [222, 8],
      [333, 8],
    ]);
    assert.equal(consumed(), 48n);
  } finally {
    lifetime.end();
    closeSync(fd);
    rmSync(folder, { recursive: true });
  }
});
