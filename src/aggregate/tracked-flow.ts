import type { Endpoint } from "../flow/endpoint.ts";
import type { Direction, Family, Flow, Protocol } from "../flow/flow.ts";
import type { FlowRecord } from "../probe/probe.ts";
import type { Group } from "./group.ts";
import { Tally } from "./tally.ts";

/** A flow while it is being counted: its ends can still become better known. */
export class TrackedFlow implements Flow {
  readonly protocol: Protocol;
  readonly family: Family;
  readonly direction: Direction;
  source: Endpoint;
  destination: Endpoint;
  /** The flow measured at the other end, when that end is on this host. */
  peer: TrackedFlow | null = null;
  /** The next one of a chain; belongs to Conversations. */
  next: TrackedFlow | null = null;
  open: boolean;
  /** Where it counts; `null` before it was looked for, and where the view counts the other end instead. */
  group: Group | null = null;
  /** The view looks from the other end: sent and received change places. */
  swapped = false;
  /** Counts here while there is no group; most flows have one within a pass, so it is dropped then. */
  #held: Tally | null = null;
  /** Totals of its last record; new records count by their difference. */
  #bytesSent = 0;
  #bytesReceived = 0;
  #packetsSent = 0;
  #packetsReceived = 0;
  #retransmits = 0;
  #rttUs = 0;
  #rttVarUs = 0;

  constructor(
    kind: Pick<Flow, "protocol" | "family" | "direction">,
    source: Endpoint,
    destination: Endpoint,
    open: boolean,
  ) {
    this.protocol = kind.protocol;
    this.family = kind.family;
    this.direction = kind.direction;
    this.source = source;
    this.destination = destination;
    this.open = open;
  }

  get bothEndsHere(): boolean {
    return this.peer !== null;
  }

  get tally(): Tally {
    if (this.group !== null) return this.group.tally;
    this.#held ??= new Tally();
    return this.#held;
  }

  /**
   * Counts what the record has more than the one before it.
   * @returns how many of the byte counters went backwards, and were left alone
   */
  advance(record: FlowRecord): number {
    const sent = record.bytesSent - this.#bytesSent;
    const received = record.bytesReceived - this.#bytesReceived;
    // The kernel's packet counters have 32 bits: the difference is right also when they wrap.
    const packetsSent = (record.packetsSent - this.#packetsSent) >>> 0;
    const packetsReceived = (record.packetsReceived - this.#packetsReceived) >>> 0;
    const retransmits = (record.retransmits - this.#retransmits) >>> 0;
    if (sent > 0) this.#bytesSent = record.bytesSent;
    if (received > 0) this.#bytesReceived = record.bytesReceived;
    this.#packetsSent = record.packetsSent;
    this.#packetsReceived = record.packetsReceived;
    this.#retransmits = record.retransmits;
    const out = Math.max(sent, 0);
    const back = Math.max(received, 0);
    if (this.swapped && this.group !== null) {
      this.group.tally.move(back, out, packetsReceived, packetsSent, retransmits);
    } else {
      this.tally.move(out, back, packetsSent, packetsReceived, retransmits);
    }
    this.#changeRtt(record.rttUs, record.rttVarUs);
    return Number(sent < 0) + Number(received < 0);
  }

  /** Counts from now on in `group`, and brings there what was held and what it is part of while it is open. */
  moveTo(group: Group | null, swapped: boolean): void {
    this.#joinGauges(-1);
    this.group = group;
    this.swapped = swapped;
    this.#joinGauges(1);
    if (group !== null && this.#held !== null) {
      group.tally.merge(this.#held, swapped);
      this.#held = null;
    }
  }

  /** Forgets what was counted while it had no row, as where the view counts the other end. */
  dropHeld(): void {
    this.#held = null;
  }

  /** It is open no more: it leaves the row's gauges and stays in the interval's means. */
  end(): void {
    this.#joinGauges(-1);
    this.open = false;
    if (this.#rttUs > 0) this.tally.sampleRtt(this.#rttUs, this.#rttVarUs);
  }

  #changeRtt(rttUs: number, rttVarUs: number): void {
    const { group } = this;
    if (group !== null && this.open) {
      group.rttSum += rttUs - this.#rttUs;
      group.rttVarSum += rttVarUs - this.#rttVarUs;
      group.rttCount += Number(rttUs > 0) - Number(this.#rttUs > 0);
    }
    this.#rttUs = rttUs;
    this.#rttVarUs = rttVarUs;
  }

  #joinGauges(sign: 1 | -1): void {
    const { group } = this;
    if (group === null || !this.open) return;
    group.members += sign;
    if (this.protocol === "tcp") group.active += sign;
    group.rttSum += sign * this.#rttUs;
    group.rttVarSum += sign * this.#rttVarUs;
    group.rttCount += sign * Number(this.#rttUs > 0);
  }
}
