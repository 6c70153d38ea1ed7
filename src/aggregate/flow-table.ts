import type { Endpoint, ProcessTags } from "../flow/endpoint.ts";
import type { FailureReason } from "../flow/flow.ts";
import type { FlowIdentity, FlowRecord } from "../probe/probe.ts";
import { Conversations } from "./conversations.ts";
import type { Grouping } from "./group.ts";
import type { Tally } from "./tally.ts";
import { TrackedFlow } from "./tracked-flow.ts";

export interface FlowTableOptions {
  readonly host: string;
  /** Of the first rows; see {@link FlowTable.regroup}. */
  readonly grouping: Grouping;
  /** Tags of a process by (pid, start time); `null` when nothing is known of it. */
  findProcess(pid: number, startTicks: number): ProcessTags | null;
  /** More will be known of the process in a moment: its flows count when it is. By default never. */
  isAwaited?(process: ProcessTags): boolean;
  /** The name that DNS answers gave an address, as seen in a network namespace; `null` when none did. */
  findDomain(ip: string, netns: number): string | null;
}

/** Errno values of Linux with which a connection can end; the same on x86-64 and arm64. */
const FAILURES: ReadonlyMap<number, FailureReason> = new Map([
  [111, "refused"],
  [104, "reset"],
  [32, "reset"], // EPIPE: what the kernel makes of a reset that comes after the peer's FIN
  [110, "timed_out"],
  [113, "unreachable"],
  [101, "unreachable"],
]);

/** Counts since the last publication; the owner resets them. */
export interface FlowTableCounters {
  /** Flows that ended, and those of them whose process is not known. */
  ended: number;
  endedUnattributed: number;
  /** Kernel counters that went backwards and were left alone. */
  backwards: number;
}

/** The open flows, by the slot that the probe gave them. Records come between two {@link settle}s; rows are right after one. */
export class FlowTable {
  readonly counters: FlowTableCounters = { ended: 0, endedUnattributed: 0, backwards: 0 };
  readonly #options: FlowTableOptions;
  readonly #conversations = new Conversations();
  readonly #bySlot: (TrackedFlow | undefined)[] = [];
  /** Flows whose row has to be found, or found again; they hold what they count meanwhile. */
  #unsettled = new Set<TrackedFlow>();
  /** Flows that ended while their other end, on this host too, had not been seen: they get one more pass. */
  #deferred: TrackedFlow[] = [];
  #endedSlots: number[] = [];
  #grouping: Grouping;
  #openCount = 0;
  #openUnattributed = 0;

  constructor(options: FlowTableOptions) {
    this.#options = options;
    this.#grouping = options.grouping;
  }

  get openCount(): number {
    return this.#openCount;
  }

  /** Open flows whose process is not known. */
  get openUnattributed(): number {
    return this.#openUnattributed;
  }

  /** An open flow changed. */
  open(record: FlowRecord): void {
    let flow = this.#bySlot[record.slot];
    if (flow === undefined) {
      flow = this.#begin(record, true);
      this.#bySlot[record.slot] = flow;
      this.#openCount++;
      if (flow.source.process === null) this.#openUnattributed++;
    } else if (record.hasIdentity) {
      this.#changeOwner(flow, record.identity());
    }
    this.counters.backwards += flow.advance(record);
  }

  /** A flow ended; these are its final counters. */
  closed(record: FlowRecord): void {
    const known = this.#bySlot[record.slot];
    const flow = known ?? this.#begin(record, false);
    if (known !== undefined) {
      if (!known.open) return;
      this.#changeOwner(known, record.identity());
      // Its other end may stand further on in the same pass.
      if (known.peer === null) this.#unsettle(known);
    }
    this.counters.backwards += flow.advance(record);
    if (flow.protocol === "tcp") countEnd(flow.tally, record);
    this.#end(flow, known !== undefined);
    if (record.slot !== 0) this.#endedSlots.push(record.slot);
    const { peer } = flow;
    if (peer === null || peer.open) return;
    this.#settleEnded(flow);
    this.#settleEnded(peer);
  }

  /** The slot's flow has ended and its last counters are lost. */
  vanished(slot: number): void {
    const flow = this.#bySlot[slot];
    if (flow !== undefined) {
      if (!flow.open) return;
      flow.tally.closed++;
      flow.tally.touched = true;
      this.#end(flow, true);
    }
    this.#endedSlots.push(slot);
  }

  /** The tags of processes that became better known: their flows count under the new ones from now on. */
  replaceProcesses(changes: ReadonlyMap<ProcessTags, ProcessTags>): void {
    if (changes.size === 0) return;
    const better = ({ process }: Endpoint): ProcessTags | undefined =>
      process === null ? undefined : changes.get(process);
    // Those that have ended and wait for their row first: settling them must find the other end's new tags too.
    for (const flow of [...this.#unsettled, ...this.#deferred, ...this.#bySlot]) {
      const process = flow === undefined ? undefined : better(flow.source);
      if (flow === undefined || process === undefined) continue;
      flow.source = { ...flow.source, process };
      if (flow.open) this.#unsettle(flow);
      if (flow.peer?.open) this.#unsettle(flow.peer);
    }
  }

  /** These addresses are called something else now: their flows may count elsewhere from now on. */
  renameAddresses(addresses: ReadonlySet<string>): void {
    if (addresses.size === 0) return;
    for (const flow of this.#bySlot) {
      const ip = flow?.destination.ip ?? null;
      if (flow !== undefined && ip !== null && addresses.has(ip)) this.#unsettle(flow);
    }
  }

  /**
   * Finds the row of every flow that is new or better known than before. With `last`, no flow is kept back for its
   * other end to appear.
   * @returns slots that are free again
   */
  settle(last: boolean): readonly number[] {
    const deferred = this.#deferred;
    const unsettled = this.#unsettled;
    this.#deferred = [];
    this.#unsettled = new Set();
    for (const flow of unsettled) {
      this.#findDestination(flow);
      const otherEndMissing = flow.peer === null && flow.destination.host !== null;
      if (otherEndMissing && !flow.open && !last) this.#deferred.push(flow);
      else this.#findGroup(flow, last);
    }
    for (const flow of deferred) {
      this.#findDestination(flow);
      this.#findGroup(flow, last);
    }
    this.#conversations.forgetEnded();
    const slots = this.#endedSlots;
    this.#endedSlots = [];
    for (const slot of slots) this.#bySlot[slot] = undefined;
    return slots;
  }

  /**
   * Counts in other rows from here on: every open flow moves to its row of `grouping`. Call it right after a
   * {@link settle} as the last one and after the rows were taken; what the old rows counted since then is dropped.
   */
  regroup(grouping: Grouping): void {
    this.#grouping = grouping;
    for (const flow of this.#bySlot) {
      if (!flow?.open) continue;
      flow.dropHeld();
      this.#findGroup(flow, true);
    }
  }

  /** Both ends are known and over, so nothing has to be waited for: what lives for a moment is gone again at once. */
  #settleEnded(flow: TrackedFlow): void {
    if (!this.#unsettled.delete(flow)) return;
    this.#findDestination(flow);
    this.#findGroup(flow, false);
  }

  #begin(record: FlowRecord, open: boolean): TrackedFlow {
    const identity = record.identity();
    const destination: Endpoint = {
      ip: identity.remoteIp,
      port: identity.remotePort,
      netns: null,
      host: null,
      domain: identity.remoteIp === null ? null : this.#options.findDomain(identity.remoteIp, identity.netns),
      process: null,
    };
    const flow = new TrackedFlow(identity, this.#sourceOf(identity), destination, open);
    this.#conversations.add(flow);
    this.#unsettle(flow);
    if (flow.peer?.open) this.#unsettle(flow.peer);
    if (record.established && !record.preexisting) flow.tally.opened = 1;
    return flow;
  }

  #end(flow: TrackedFlow, wasOpen: boolean): void {
    this.counters.ended++;
    if (flow.source.process === null) this.counters.endedUnattributed++;
    if (wasOpen) {
      this.#openCount--;
      if (flow.source.process === null) this.#openUnattributed--;
    }
    flow.end();
    this.#conversations.end(flow);
  }

  #sourceOf(identity: FlowIdentity): Endpoint {
    return {
      ip: identity.localIp,
      port: identity.localPort,
      netns: identity.netns,
      host: this.#options.host,
      domain: null,
      process: identity.pid === 0 ? null : this.#options.findProcess(identity.pid, identity.startTicks),
    };
  }

  #changeOwner(flow: TrackedFlow, identity: FlowIdentity): void {
    const source = this.#sourceOf(identity);
    if (source.process === flow.source.process) return;
    if (flow.source.process === null) this.#openUnattributed--;
    if (source.process === null) this.#openUnattributed++;
    flow.source = source;
    this.#unsettle(flow);
    if (flow.peer?.open) this.#unsettle(flow.peer);
  }

  /** What is counted from here on goes to the row that {@link settle} finds. */
  #unsettle(flow: TrackedFlow): void {
    flow.moveTo(null, false);
    this.#unsettled.add(flow);
  }

  #isAwaited({ process }: Endpoint): boolean {
    return process !== null && (this.#options.isAwaited?.(process) ?? false);
  }

  #findDestination(flow: TrackedFlow): void {
    const { peer, destination } = flow;
    if (peer !== null) {
      // The address as this end wrote it: the other one may be bound to none.
      const { port, netns, host, process } = peer.source;
      flow.destination = { ip: destination.ip, port, netns, host, domain: destination.domain, process };
    } else if (destination.host === null && this.#conversations.isLocal(destination)) {
      flow.destination = { ...destination, host: this.#options.host };
    }
  }

  #findGroup(flow: TrackedFlow, last: boolean): void {
    if (!last && (this.#isAwaited(flow.source) || this.#isAwaited(flow.destination))) {
      this.#unsettled.add(flow);
      return;
    }
    flow.moveTo(this.#grouping.groupOf(flow), this.#grouping.swaps(flow));
  }
}

function countEnd(tally: Tally, record: FlowRecord): void {
  if (record.established) tally.closed++;
  if (!record.established || record.error !== 0) tally.fail(FAILURES.get(record.error) ?? "other");
}
