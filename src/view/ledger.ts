import { FAILURE_REASONS, type FailureReason } from "../flow/flow.ts";
import type { Snapshot, SnapshotFlow } from "../snapshot/snapshot.ts";
import { rowKeys } from "./row.ts";
import { KEPT_TICKS, type SampleField, Samples } from "./samples.ts";

/** What is known of one row since the view began. */
export interface RowRecord {
  sent: number;
  received: number;
  packetsSent: number;
  retransmits: number;
  /** `null` while nothing failed. */
  failed: Record<FailureReason, number> | null;
  /** Number of the snapshot in which it was first seen and last seen. */
  readonly firstTick: number;
  seenTick: number;
  /** For whoever orders the rows: what the row was last ordered by. */
  rank: number;
  /** Where its samples are; -1 when there was no room for them. */
  slot: number;
}

export interface LedgerLimits {
  /** Rows remembered; those unseen for longest are forgotten. */
  readonly maxRows: number;
  /** Rows of which samples are kept. */
  readonly maxSampled: number;
}

const DEFAULT_LIMITS: LedgerLimits = { maxRows: 20_000, maxSampled: 5_000 };

/** Forgotten at once when there are too many, so that it need not be done for each. */
const FORGOTTEN_SHARE = 0.1;

/**
 * Running totals and the recent past of every row since the view began; bounded. Changed in place on purpose: it is
 * thousands of rows a second. Whoever wants to keep a state of it takes a {@link copy}.
 */
export class Ledger {
  readonly #limits: LedgerLimits;
  #rows = new Map<string, RowRecord>();
  #samples = new Samples();
  #overall: Samples;
  #sampled = 0;
  #tick = 0;
  #firstTick = 1;
  #forgotten = 0;
  #since: string | null = null;

  /** @param before whose overall past goes on here, because only the rows are others */
  constructor(before: Ledger | null = null, limits: LedgerLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
    this.#overall = before === null ? new Samples() : before.#overall.copy();
    this.#tick = before === null ? 0 : before.#tick;
    this.#firstTick = this.#tick + 1;
    if (before === null) this.#overall.take();
  }

  /** Snapshots counted. */
  get tick(): number {
    return this.#tick;
  }

  /** The tick of its first snapshot. */
  get firstTick(): number {
    return this.#firstTick;
  }

  /** Rows that were forgotten; one that comes back starts from zero. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Start of the first window, RFC 3339; `null` before the first snapshot. */
  get since(): string | null {
    return this.#since;
  }

  /** Rows remembered. */
  get size(): number {
    return this.#rows.size;
  }

  find(key: string): RowRecord | undefined {
    return this.#rows.get(key);
  }

  /** Counts one more snapshot. */
  advance(snapshot: Snapshot): void {
    const tick = ++this.#tick;
    this.#since ??= snapshot.start;
    const keys = rowKeys(snapshot);
    const perSecond = snapshot.interval_ms === 0 ? 0 : 1000 / snapshot.interval_ms;
    let sent = 0;
    let received = 0;
    let retransmits = 0;
    snapshot.flows.forEach((flow, index) => {
      const record = this.#recordOf(keys[index] ?? "");
      count(record, flow, tick);
      sent += flow.bytes_sent;
      received += flow.bytes_received;
      retransmits += flow.retransmits;
      if (record.slot < 0) return;
      const rtt = flow.rtt_us ?? Number.NaN;
      const bytes = [flow.bytes_sent * perSecond, flow.bytes_received * perSecond] as const;
      this.#samples.put(record.slot, tick, bytes[0], bytes[1], rtt, flow.retransmits);
    });
    this.#overall.put(0, tick, sent * perSecond, received * perSecond, Number.NaN, retransmits);
    if (this.#rows.size > this.#limits.maxRows) this.#forget();
  }

  /**
   * The last `ticks` samples of a row, oldest first, at most {@link KEPT_TICKS}: NaN before it was first seen, 0 where
   * it was not in the snapshot. Of round-trip times, NaN where there was none.
   */
  series(key: string, field: SampleField, ticks: number): readonly number[] {
    const record = this.#rows.get(key);
    return this.#past(ticks, (tick) => {
      if (record === undefined || record.slot < 0 || tick < record.firstTick) return Number.NaN;
      if (tick > record.seenTick) return field === "rtt" ? Number.NaN : 0;
      return this.#samples.get(record.slot, tick, field);
    });
  }

  /** The last `ticks` sums over all rows, oldest first; NaN before the view began. */
  overall(field: "sent" | "received" | "retransmits", ticks: number): readonly number[] {
    return this.#past(ticks, (tick) => (tick < 1 ? Number.NaN : this.#overall.get(0, tick, field)));
  }

  /** The same, to be kept while this one goes on. */
  copy(): Ledger {
    const copy = new Ledger(null, this.#limits);
    copy.#rows = new Map(Array.from(this.#rows, ([key, record]) => [key, { ...record }]));
    copy.#samples = this.#samples.copy();
    copy.#overall = this.#overall.copy();
    copy.#sampled = this.#sampled;
    copy.#tick = this.#tick;
    copy.#firstTick = this.#firstTick;
    copy.#forgotten = this.#forgotten;
    copy.#since = this.#since;
    return copy;
  }

  #past(ticks: number, at: (tick: number) => number): readonly number[] {
    const length = Math.min(ticks, KEPT_TICKS);
    return Array.from({ length }, (_, index) => at(this.#tick - length + 1 + index));
  }

  #recordOf(key: string): RowRecord {
    const known = this.#rows.get(key);
    if (known !== undefined) {
      if (known.slot >= 0) this.#blank(known);
      return known;
    }
    const record: RowRecord = {
      sent: 0,
      received: 0,
      packetsSent: 0,
      retransmits: 0,
      failed: null,
      firstTick: this.#tick,
      seenTick: this.#tick,
      rank: Number.NaN,
      slot: -1,
    };
    if (this.#sampled < this.#limits.maxSampled) {
      record.slot = this.#samples.take();
      this.#sampled++;
    }
    this.#rows.set(key, record);
    return record;
  }

  /** Nothing was stored in the ticks in which the row was away: what stands there is older than that. */
  #blank(record: RowRecord): void {
    const first = Math.max(record.seenTick + 1, this.#tick - KEPT_TICKS + 1);
    for (let tick = first; tick < this.#tick; tick++) {
      this.#samples.put(record.slot, tick, 0, 0, Number.NaN, 0);
    }
  }

  #forget(): void {
    const keep = Math.floor(this.#limits.maxRows * (1 - FORGOTTEN_SHARE));
    const byAge = [...this.#rows].sort(([, a], [, b]) => a.seenTick - b.seenTick);
    for (const [key, record] of byAge.slice(0, byAge.length - keep)) {
      this.#rows.delete(key);
      this.#forgotten++;
      if (record.slot < 0) continue;
      this.#samples.giveBack(record.slot);
      this.#sampled--;
    }
  }
}

function count(record: RowRecord, flow: SnapshotFlow, tick: number): void {
  record.sent += flow.bytes_sent;
  record.received += flow.bytes_received;
  record.packetsSent += flow.packets_sent;
  record.retransmits += flow.retransmits;
  record.seenTick = tick;
  const { failed } = flow.connections;
  for (const reason of FAILURE_REASONS) {
    if (failed[reason] === 0) continue;
    record.failed ??= { refused: 0, reset: 0, timed_out: 0, unreachable: 0, other: 0 };
    record.failed[reason] += failed[reason];
  }
}
