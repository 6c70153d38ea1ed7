import type { IteratorLink, MappedMap, Program, RingBuffer } from "../../ebpf/index.ts";
import { LOSS_CAUSES, type LossCause, type LossCounts } from "../../snapshot/snapshot.ts";
import type { PassReport, Probe, RecordSink } from "../probe.ts";
import { type BpfTier, readsAnswers } from "./features.ts";
import { CONTROL, CONTROL_OFFSET, DNS_RECORD, FLOW_RECORD, PROCESS_RECORD } from "./layout.generated.ts";
import { counts, type LoadedTier, type LoadOptions, loadTier } from "./load.ts";
import { decodeDns, decodeProcess, FlowRecordCursor } from "./record.ts";
import { SlotRing } from "./slot-ring.ts";

const LOSS_COUNTERS: Readonly<Record<LossCause, keyof typeof CONTROL>> = {
  no_room: "lostNoRoom",
  begin_missed: "lostBegin",
  found_late: "lostLate",
  end_missed: "lostEnd",
};

/** Looking for owners walks every open file of every process; it may take this share of one core at most. */
const OWNER_PASS_SHARE = 0.05;
/** Ask for an early pass when the buffer for closed connections is this full … */
const EARLY_PASS_FILL = 0.25;
/** … or, when no more than this share of the slots is free, already at this fill, since a pass frees slots too. */
const FEW_FREE_SLOTS = 0.25;
const EARLY_PASS_FILL_FEW = 0.05;

/** The programs of bpf/npmon.bpf.c, loaded. {@link openBpfProbe} makes it, `close` ends it. */
export class BpfProbe implements Probe {
  readonly tier: BpfTier;
  readonly capacity: number;
  readonly reason: string | null;
  readonly readsDns: boolean;
  readonly #loaded: LoadedTier;
  readonly #control: MappedMap;
  readonly #records: MappedMap;
  readonly #slots: SlotRing;
  readonly #closed: RingBuffer;
  readonly #processes: RingBuffer;
  readonly #answers: RingBuffer;
  /** Null where TCP is not counted: it takes in the sockets that are there already, and holds each file for a moment. */
  readonly #adoption: IteratorLink | null;
  /** Notes which accepted sockets have no owner. */
  readonly #seek: Program;
  /** Looks for owners and holds nothing; null where the kernel does not have it. */
  readonly #search: IteratorLink | null;
  readonly #walk: Program;
  /** Null where UDP is not counted. */
  readonly #udpWalk: Program | null;
  readonly #cursor = new FlowRecordCursor();
  #lost: LossCounts = {};
  #lostBytes = 0;
  #lostNames = 0;
  #lostAnswers = 0;
  #nextOwnerPassMs = 0;

  constructor(loaded: LoadedTier, options: LoadOptions, reasons: readonly string[]) {
    const { tier, capacity } = options;
    const { object, programs, missing } = loaded;
    this.tier = tier;
    this.capacity = capacity;
    this.reason = [...reasons, ...missing].join("; ") || null;
    this.readsDns = readsAnswers(programs);
    this.#loaded = loaded;
    this.#control = object.map(".bss").mmap();
    this.#records = object.map("records").mmap();
    this.#closed = object.map("closed").openRingBuffer(FLOW_RECORD.size);
    this.#processes = object.map("processes").openRingBuffer(PROCESS_RECORD.size);
    this.#answers = object.map("answers").openRingBuffer(DNS_RECORD.size);
    this.#adoption = counts(options, "tcp") ? object.program("npmon_owners").attachIterator() : null;
    this.#seek = object.program("npmon_seek_owners");
    this.#search = programs.has("npmon_find_owners")
      ? object.program("npmon_find_owners").attachIterator()
      : null;
    this.#walk = object.program(programs.has("npmon_collect") ? "npmon_collect" : "npmon_collect_copied");
    this.#udpWalk = programs.has("npmon_collect_udp") ? object.program("npmon_collect_udp") : null;
    this.#slots = new SlotRing({
      capacity,
      control: this.#control.view,
      free: object.map("free_slots").mmap(),
      used: object.map("used_slots").mmap(),
    });
  }

  start(): void {
    this.#setControl("baseline", 1);
    this.#adoption?.run();
    this.#setControl("baseline", 0);
    // What closed while the baseline was taken was there before npmon was ready: not a loss.
    this.#takeLost();
    this.#lostBytes = this.#counter("lostBytes");
  }

  poll(sink: RecordSink): boolean {
    this.#drainProcesses(sink);
    this.#drainAnswers(sink);
    const few = this.#slots.freeCount < this.capacity * FEW_FREE_SLOTS;
    const fill = few ? EARLY_PASS_FILL_FEW : EARLY_PASS_FILL;
    return this.#closed.pendingBytes() > this.#closed.capacityBytes * fill;
  }

  collect(sink: RecordSink, last: boolean): PassReport {
    const fill = this.#closed.pendingBytes() / this.#closed.capacityBytes;
    if (last || performance.now() >= this.#nextOwnerPassMs) this.#findOwners();

    this.#setControl("recordCount", 0);
    this.#setControl("udpWaiting", 0);
    this.#setControl("last", last ? 1 : 0);
    this.#walkSockets();
    // An empty hash has as many buckets to walk as a full one.
    if (this.#counter("udpFlows") > 0) this.#udpWalk?.run();

    const lost = this.#takeLost();
    const lostBytes = this.#counter("lostBytes") - this.#lostBytes;
    this.#lostBytes += lostBytes;
    const lostNames = this.#counter("lostProcesses") - this.#lostNames;
    this.#lostNames += lostNames;
    const lostAnswers = this.#counter("lostAnswers") - this.#lostAnswers;
    this.#lostAnswers += lostAnswers;
    const waiting = Math.max(0, this.#counter("waiting")) + this.#getControl("udpWaiting");

    // Whatever is in the buffer now names only processes that were announced before, and began after its DNS answer.
    const limit = this.#closed.position();
    this.#drainProcesses(sink);
    this.#drainAnswers(sink);
    this.#drainWalk(sink);
    this.#closed.consume((view, offset) => sink.closed(this.#cursor.moveTo(view, offset)), limit);
    return { lost, lostBytes, lostNames, lostAnswers, waiting, closedBufferFill: fill };
  }

  release(slots: readonly number[]): void {
    this.#slots.giveBack(slots);
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

  /** In parts, between which a kernel without preemption can run something else. */
  #walkSockets(): void {
    for (let from = 0; from < this.#slots.lines; from = this.#getControl("walkNext")) {
      this.#setControl("walkFrom", from);
      this.#setControl("walked", 0);
      this.#walk.run();
    }
  }

  #drainWalk(sink: RecordSink): void {
    const count = this.#getControl("recordCount");
    const { view, stride } = this.#records;
    for (let index = 0; index < count; index++) {
      const record = this.#cursor.moveTo(view, index * stride);
      if (record.isVanished) sink.vanished(record.slot);
      else if (record.isClosed) sink.closed(record);
      else sink.open(record);
    }
  }

  /** Of accepted sockets that nobody was seen using, and slots for flows that found none. */
  #findOwners(): void {
    const started = performance.now();
    const isUnclaimed = this.#seekUnclaimed();
    const isCrowdedOut = this.#counter("waiting") > 0 && (isUnclaimed || this.#slots.freeCount > 0);
    if (isCrowdedOut || (isUnclaimed && this.#meetsUnknown())) this.#adoption?.run();
    const ended = performance.now();
    this.#nextOwnerPassMs = ended + (ended - started) * (1 / OWNER_PASS_SHARE - 1);
  }

  /** Whether there are accepted sockets without an owner. */
  #seekUnclaimed(): boolean {
    if (this.#counter("unclaimed") === 0) return false;
    // Before the search: who has none after it says so again.
    this.#setControl("unclaimed", 0);
    this.#setControl("sought", 0);
    this.#seek.run();
    return this.#getControl("sought") > 0;
  }

  /** Finds the owners without holding anything. True when there is something that only the pass over files can take in. */
  #meetsUnknown(): boolean {
    if (this.#search === null) return true;
    this.#setControl("unknown", 0);
    this.#search.run();
    return this.#getControl("unknown") > 0;
  }

  /** What was lost since the last time. */
  #takeLost(): LossCounts {
    const before = this.#lost;
    const now: Partial<Record<LossCause, number>> = {};
    const since: Partial<Record<LossCause, number>> = {};
    for (const cause of LOSS_CAUSES) {
      const count = this.#counter(LOSS_COUNTERS[cause]);
      now[cause] = count;
      since[cause] = count - (before[cause] ?? 0);
    }
    this.#lost = now;
    return since;
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
