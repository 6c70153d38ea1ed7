import type { IteratorLink, MappedMap, RingBuffer } from "../../ebpf/index.ts";
import type { PassReport, Probe, RecordSink } from "../probe.ts";
import { type BpfTier, readsAnswers } from "./features.ts";
import { CONTROL, CONTROL_OFFSET } from "./layout.generated.ts";
import { type LoadedTier, type LoadOptions, loadTier } from "./load.ts";
import { decodeDns, decodeProcess, FlowRecordCursor } from "./record.ts";

/** Looking for owners walks every open file of every process; it may take this share of one core at most. */
const OWNER_PASS_SHARE = 0.05;
/** Ask for an early pass when the buffer for closed connections is this full. */
const EARLY_PASS_FILL = 0.25;

/** The programs of bpf/npmon.bpf.c, loaded. {@link openBpfProbe} makes it, `close` ends it. */
export class BpfProbe implements Probe {
  readonly tier: BpfTier;
  readonly capacity: number;
  readonly reason: string | null;
  readonly readsDns: boolean;
  readonly #loaded: LoadedTier;
  readonly #control: MappedMap;
  readonly #records: MappedMap;
  readonly #freeList: MappedMap;
  readonly #closed: RingBuffer;
  readonly #processes: RingBuffer;
  readonly #answers: RingBuffer;
  readonly #owners: IteratorLink;
  readonly #pass: IteratorLink;
  /** Null where UDP is not counted. */
  readonly #udpPass: IteratorLink | null;
  readonly #cursor = new FlowRecordCursor();
  readonly #slotsInUse: Uint8Array;
  #freeSlots: number;
  #lost = 0;
  #lostBytes = 0;
  #lostNames = 0;
  #lostAnswers = 0;
  #nextOwnerPassMs = 0;
  /** Passes that still have to emit every flow, after final records were lost; see {@link #findVanished}. */
  #recoveryPasses = 0;
  #suspects = new Set<number>();

  constructor(loaded: LoadedTier, { tier, capacity }: LoadOptions, reasons: readonly string[]) {
    const { object, programs, missing } = loaded;
    this.tier = tier;
    this.capacity = capacity;
    this.reason = [...reasons, ...missing].join("; ") || null;
    this.readsDns = readsAnswers(programs);
    this.#loaded = loaded;
    this.#control = object.map(".bss").mmap();
    this.#records = object.map("records").mmap();
    this.#freeList = object.map("free_list").mmap();
    this.#closed = object.map("closed").openRingBuffer();
    this.#processes = object.map("processes").openRingBuffer();
    this.#answers = object.map("answers").openRingBuffer();
    this.#owners = object.program("npmon_owners").attachIterator();
    this.#pass = object.program("npmon_collect").attachIterator({ map: object.map("sockets") });
    this.#udpPass = programs.has("npmon_collect_udp")
      ? object.program("npmon_collect_udp").attachIterator({ map: object.map("udp_flows") })
      : null;
    this.#slotsInUse = new Uint8Array(capacity + 1);
    for (let index = 0; index < capacity; index++) {
      this.#freeList.view.setBigUint64(index * this.#freeList.stride, BigInt(capacity - index), true);
    }
    this.#freeSlots = capacity;
    this.#setControl("freeSlots", capacity);
  }

  start(): void {
    this.#setControl("baseline", 1);
    this.#findOwners();
    this.#setControl("baseline", 0);
    // What closed while the baseline was taken was there before npmon was ready: not a loss.
    this.#lost = this.#lostConnections();
    this.#lostBytes = this.#counter("lostBytes");
  }

  poll(sink: RecordSink): boolean {
    this.#drainProcesses(sink);
    this.#drainAnswers(sink);
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
    const lostNames = this.#counter("lostProcesses") - this.#lostNames;
    this.#lostNames += lostNames;
    const lostAnswers = this.#counter("lostAnswers") - this.#lostAnswers;
    this.#lostAnswers += lostAnswers;

    this.#setControl("recordCount", 0);
    this.#setControl("waiting", 0);
    this.#setControl("last", last ? 1 : 0);
    if (lost > 0) this.#recoveryPasses = 2;
    const emitAll = this.#recoveryPasses > 0;
    this.#setControl("emitAll", emitAll ? 1 : 0);
    this.#setControl("freeSlots", this.#freeSlots);
    this.#pass.run();
    // An empty hash has as many buckets to walk as a full one.
    if (this.#counter("udpFlows") > 0) this.#udpPass?.run();
    this.#freeSlots = this.#getControl("freeSlots");

    // Whatever is in the buffer now names only processes that were announced before, and began after its DNS answer.
    const limit = this.#closed.position();
    this.#drainProcesses(sink);
    this.#drainAnswers(sink);
    const seen = this.#drainOpen(sink, emitAll);
    this.#closed.consume((view, offset) => sink.closed(this.#cursor.moveTo(view, offset)), limit);
    if (seen !== null) this.#findVanished(sink, seen);
    const waiting = this.#getControl("waiting");
    return { lost, lostBytes, lostNames, lostAnswers, waiting, closedBufferFill: fill };
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
    this.#loaded.object.close();
  }

  #drainProcesses(sink: RecordSink): void {
    this.#processes.consume((view, offset) => sink.process(decodeProcess(view, offset)));
  }

  #drainAnswers(sink: RecordSink): void {
    this.#answers.consume((view, offset, length) => sink.dns(decodeDns(view, offset, length)));
  }

  #drainOpen(sink: RecordSink, emittedAll: boolean): Uint8Array | null {
    const seen = emittedAll ? new Uint8Array(this.capacity + 1) : null;
    const count = this.#getControl("recordCount");
    const { view, stride } = this.#records;
    for (let index = 0; index < count; index++) {
      const record = this.#cursor.moveTo(view, index * stride);
      this.#slotsInUse[record.slot] = 1;
      if (seen !== null) seen[record.slot] = 1;
      if (record.isClosed) sink.closed(record);
      else sink.open(record);
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

  #counter(name: keyof typeof CONTROL): number {
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
 * Loads a tier, which counts from then on; `start` takes the baseline. The caller closes it.
 * @param reasons why no better tier was taken
 * @throws NpmonError `privilege`, `unsupported`, `libbpf_missing` or `bpf_load`, each with its remedy
 */
export function openBpfProbe(options: LoadOptions, reasons: readonly string[] = []): BpfProbe {
  return new BpfProbe(loadTier(options), options, reasons);
}
