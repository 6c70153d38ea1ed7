import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { trimMemory } from "../ebpf/index.ts";

/** Collecting garbage may take this share of the time. */
const MOST_SHARE = 0.002;
/** A heap that has grown by less since the last collection is left alone. */
const LEAST_GROWTH = 1.1;

/** What {@link SpareMemory} does it with; tests give their own. */
export interface SpareMemoryDeps {
  /** Monotonic clock, milliseconds. */
  readonly nowMs?: () => number;
  /** Of V8's heap, bytes. */
  readonly heapUsedBytes?: () => number;
  /** Of the whole heap, at once. */
  readonly collectGarbage?: () => void;
  /** Gives back what native code has freed. */
  readonly trim?: () => void;
}

/**
 * Gives back to the system what nothing needs any more. By itself V8 waits until the old part of its heap is a good
 * deal larger than what was in use, hours where little happens, and the C library keeps most of what was freed.
 */
export class SpareMemory {
  readonly #nowMs: () => number;
  readonly #heapUsedBytes: () => number;
  readonly #collectGarbage: () => void;
  readonly #trim: () => void;
  #usedBytes = 0;
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(deps: SpareMemoryDeps = {}) {
    this.#nowMs = deps.nowMs ?? (() => performance.now());
    this.#heapUsedBytes = deps.heapUsedBytes ?? (() => process.memoryUsage().heapUsed);
    this.#collectGarbage = deps.collectGarbage ?? createCollector();
    this.#trim = deps.trim ?? trimMemory;
  }

  /** Takes some 20 ms with 15 MiB in use, a fraction of one when the heap has not grown. Once a minute is plenty. */
  giveBack(): void {
    const startMs = this.#nowMs();
    if (startMs >= this.#nextMs && this.#heapUsedBytes() > this.#usedBytes * LEAST_GROWTH) {
      this.#collectGarbage();
      this.#usedBytes = this.#heapUsedBytes();
      const endMs = this.#nowMs();
      this.#nextMs = endMs + (endMs - startMs) / MOST_SHARE;
    }
    this.#trim();
  }
}

function createCollector(): () => void {
  let collect: (() => void) | null = null;
  return () => {
    if (collect === null) {
      // V8 gives it to contexts that are made after this flag was set, and to no others.
      setFlagsFromString("--expose-gc");
      collect = runInNewContext("gc") as () => void;
    }
    collect();
  };
}
