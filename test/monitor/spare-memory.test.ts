import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SpareMemory } from "../../src/monitor/spare-memory.ts";

const MIB = 2 ** 20;

/** A heap that says what it was asked to do, and a clock that the test sets. */
function open(liveBytes: number, collectionMs: number) {
  const seen = { collections: 0, trims: 0, nowMs: 0, usedBytes: liveBytes };
  const spare = new SpareMemory({
    nowMs: () => seen.nowMs,
    heapUsedBytes: () => seen.usedBytes,
    collectGarbage: () => {
      seen.collections++;
      seen.usedBytes = liveBytes;
      seen.nowMs += collectionMs;
    },
    trim: () => {
      seen.trims++;
    },
  });
  const giveBackAt = (nowMs: number, usedBytes: number): number => {
    seen.nowMs = nowMs;
    seen.usedBytes = usedBytes;
    spare.giveBack();
    return seen.collections;
  };
  return { seen, giveBackAt };
}

test("a heap is collected when it has grown by a tenth, and freed memory given back each time", () => {
  const { seen, giveBackAt } = open(100, 0);
  assert.equal(giveBackAt(0, 100), 1, "the first time there is no telling how much is garbage");
  assert.equal(giveBackAt(60_000, 109), 1);
  assert.equal(giveBackAt(120_000, 111), 2);
  assert.equal(giveBackAt(180_000, 109), 2);
  assert.equal(seen.trims, 4);
});

test("collecting takes two thousandths of the time at most, however large the heap", () => {
  const { giveBackAt } = open(100, 300);
  assert.equal(giveBackAt(0, 200), 1);
  assert.equal(giveBackAt(60_000, 200), 1);
  assert.equal(giveBackAt(150_299, 200), 1);
  assert.equal(giveBackAt(150_300, 200), 2);
});

test("what is garbage leaves this process", () => {
  const before = process.memoryUsage().heapUsed;
  let garbage: unknown[] | null = Array.from({ length: 200_000 }, (_, index) => ({ index, next: [index] }));
  const grown = process.memoryUsage().heapUsed - before;
  assert.ok(garbage.length > 0 && grown > 10 * MIB);
  garbage = null;
  const residentBefore = resident();
  new SpareMemory().giveBack();
  assert.ok(process.memoryUsage().heapUsed < before + grown / 4, "it is collected");
  assert.ok(resident() < residentBefore - grown / 4, "and its memory given back");
});

function resident(): number {
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}
