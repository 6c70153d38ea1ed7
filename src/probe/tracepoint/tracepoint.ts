import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type IteratorLink,
  type Link,
  type LoadedObject,
  type MappedMap,
  openObject,
  type RingBuffer,
} from "../../ebpf/index.ts";
import { NpmonError } from "../../error/error.ts";
import { probeError } from "../load-error.ts";
import type { PassReport, Probe, RecordSink } from "../probe.ts";
import { CONTROL, CONTROL_OFFSET, FLOW_RECORD } from "./layout.generated.ts";
import { decodeProcess, FlowRecordCursor } from "./record.ts";

const OBJECT = new URL("../../../bpf/tracepoint.bpf.o", import.meta.url);
const KERNEL_BTF = "/sys/kernel/btf/vmlinux";
const RING_HEADER_BYTES = 8;
const PAGE_BYTES = 4096;

/** Looking for owners walks every open file of every process; it may take this share of one core at most. */
const OWNER_PASS_SHARE = 0.05;
/** Ask for an early pass when the buffer for closed connections is this full. */
const EARLY_PASS_FILL = 0.25;

export interface TracepointOptions {
  /** Most open connections that can be shown at once, 1..4,194,304. */
  readonly capacity: number;
  /** How many closed connections may wait for the next pass. */
  readonly closedCapacity: number;
}

/** Smallest ring buffer, a power of two of bytes, that holds `count` closed connections. */
export function closedBufferBytes(count: number): number {
  const needed = Math.max(PAGE_BYTES, count * (FLOW_RECORD.size + RING_HEADER_BYTES));
  return 2 ** Math.ceil(Math.log2(needed));
}

/** The programs of bpf/tracepoint.bpf.c, loaded. {@link openTracepointProbe} makes it, `close` ends it. */
export class TracepointProbe implements Probe {
  readonly tier = "tracepoint";
  readonly reason = null;
  readonly capacity: number;
  readonly #object: LoadedObject;
  readonly #control: MappedMap;
  readonly #records: MappedMap;
  readonly #freeList: MappedMap;
  readonly #closed: RingBuffer;
  readonly #processes: RingBuffer;
  readonly #owners: IteratorLink;
  readonly #pass: IteratorLink;
  readonly #links: Link[] = [];
  readonly #cursor = new FlowRecordCursor();
  readonly #slotsInUse: Uint8Array;
  #freeSlots: number;
  #lost = 0;
  #lostBytes = 0;
  #nextOwnerPassMs = 0;
  /** Passes that still have to emit every flow, after final records were lost; see {@link #findVanished}. */
  #recoveryPasses = 0;
  #suspects = new Set<number>();

  constructor(object: LoadedObject, capacity: number) {
    this.capacity = capacity;
    this.#object = object;
    this.#control = object.map(".bss").mmap();
    this.#records = object.map("records").mmap();
    this.#freeList = object.map("free_list").mmap();
    this.#closed = object.map("closed").openRingBuffer();
    this.#processes = object.map("processes").openRingBuffer();
    this.#owners = object.program("npmon_owners").attachIterator();
    this.#pass = object.program("npmon_collect").attachIterator({ map: object.map("sockets") });
    this.#slotsInUse = new Uint8Array(capacity + 1);
    for (let index = 0; index < capacity; index++) {
      this.#freeList.view.setBigUint64(index * this.#freeList.stride, BigInt(capacity - index), true);
    }
    this.#freeSlots = capacity;
    this.#setControl("freeSlots", capacity);
  }

  start(): void {
    this.#links.push(this.#object.program("npmon_state").attach());
    this.#setControl("baseline", 1);
    this.#findOwners();
    this.#setControl("baseline", 0);
    // What closed while the baseline was taken was there before npmon was ready: not a loss.
    this.#lost = this.#lostConnections();
    this.#lostBytes = this.#counter("lostBytes");
  }

  poll(sink: RecordSink): boolean {
    this.#drainProcesses(sink);
    return this.#closed.pendingBytes() > this.#closed.capacityBytes * EARLY_PASS_FILL;
  }

  collect(sink: RecordSink, last: boolean): PassReport {
    const fill = this.#closed.pendingBytes() / this.#closed.capacityBytes;
    const ownersDue = last || performance.now() >= this.#nextOwnerPassMs;
    if (this.#counter("unclaimed") > 0 && ownersDue) this.#findOwners();

    const lost = this.#lostConnections() - this.#lost;
    const lostBytes = this.#counter("lostBytes") - this.#lostBytes;
    this.#lost += lost;
    this.#lostBytes += lostBytes;

    this.#setControl("recordCount", 0);
    this.#setControl("waiting", 0);
    this.#setControl("last", last ? 1 : 0);
    if (lost > 0) this.#recoveryPasses = 2;
    const emitAll = this.#recoveryPasses > 0;
    this.#setControl("emitAll", emitAll ? 1 : 0);
    this.#setControl("freeSlots", this.#freeSlots);
    this.#pass.run();
    this.#freeSlots = this.#getControl("freeSlots");

    // Whatever is in the buffer now names only processes that were announced before.
    const limit = this.#closed.position();
    this.#drainProcesses(sink);
    const seen = this.#drainOpen(sink, emitAll);
    this.#closed.consume((view, offset) => sink.closed(this.#cursor.moveTo(view, offset)), limit);
    if (seen !== null) this.#findVanished(sink, seen);
    return { lost, lostBytes, waiting: this.#getControl("waiting"), closedBufferFill: fill };
  }

  release(slots: readonly number[]): void {
    for (const slot of slots) {
      if (this.#slotsInUse[slot] !== 1) continue;
      this.#slotsInUse[slot] = 0;
      this.#freeList.view.setBigUint64(this.#freeSlots * this.#freeList.stride, BigInt(slot), true);
      this.#freeSlots++;
    }
  }

  close(): void {
    this.#object.close();
  }

  #drainProcesses(sink: RecordSink): void {
    this.#processes.consume((view, offset) => sink.process(decodeProcess(view, offset)));
  }

  #drainOpen(sink: RecordSink, emittedAll: boolean): Uint8Array | null {
    const seen = emittedAll ? new Uint8Array(this.capacity + 1) : null;
    const count = this.#getControl("recordCount");
    const { view, stride } = this.#records;
    for (let index = 0; index < count; index++) {
      const record = this.#cursor.moveTo(view, index * stride);
      this.#slotsInUse[record.slot] = 1;
      if (seen !== null) seen[record.slot] = 1;
      sink.open(record);
    }
    return seen;
  }

  /**
   * After final records were lost: a slot in use that two passes over all open sockets did not meet belongs to
   * nobody. Two, because a socket may close between the pass and the reading of the buffer.
   */
  #findVanished(sink: RecordSink, seen: Uint8Array): void {
    const unmet = new Set<number>();
    for (let slot = 1; slot <= this.capacity; slot++) {
      if (this.#slotsInUse[slot] === 1 && seen[slot] === 0) unmet.add(slot);
    }
    for (const slot of unmet) if (this.#suspects.has(slot)) sink.vanished(slot);
    this.#suspects = unmet;
    this.#recoveryPasses--;
  }

  #findOwners(): void {
    const started = performance.now();
    this.#owners.run();
    const ended = performance.now();
    this.#nextOwnerPassMs = ended + (ended - started) * (1 / OWNER_PASS_SHARE - 1);
  }

  #lostConnections(): number {
    return this.#counter("lostConnections") + this.#counter("unseen");
  }

  #counter(name: "lostBytes" | "lostConnections" | "unclaimed" | "unseen"): number {
    return Number(this.#control.view.getBigInt64(CONTROL_OFFSET + CONTROL[name], true));
  }

  #getControl(name: keyof typeof CONTROL): number {
    return this.#control.view.getUint32(CONTROL_OFFSET + CONTROL[name], true);
  }

  #setControl(name: keyof typeof CONTROL, value: number): void {
    this.#control.view.setUint32(CONTROL_OFFSET + CONTROL[name], value, true);
  }
}

/**
 * Loads the tracepoint tier; nothing is attached until `start`. The caller closes it.
 * @throws NpmonError `privilege`, `unsupported`, `libbpf_missing` or `bpf_load`, each with its remedy.
 */
export function openTracepointProbe(options: TracepointOptions): TracepointProbe {
  if (!existsSync(KERNEL_BTF)) {
    throw new NpmonError(
      "unsupported",
      `this kernel does not describe its types: ${KERNEL_BTF} (BTF) is missing`,
      "npmon's tracepoint tier needs Linux 5.12 or later built with CONFIG_DEBUG_INFO_BTF=y.",
    );
  }
  try {
    const spec = openObject(OBJECT)
      .setMaxEntries("records", options.capacity)
      .setMaxEntries("free_list", options.capacity)
      .setMaxEntries("closed", closedBufferBytes(options.closedCapacity));
    return new TracepointProbe(spec.load(), options.capacity);
  } catch (cause) {
    throw probeError(cause, fileURLToPath(OBJECT));
  }
}
