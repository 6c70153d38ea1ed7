import { NpmonError } from "../error/error.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { ask } from "./ask.ts";
import { joinHour, summariseHour } from "./compact.ts";
import type { Duck } from "./duckdb.ts";
import { type FlatSnapshot, flattenSnapshot, normalId } from "./flatten.ts";
import { flushSegment } from "./flush.ts";
import type { Entry, Journal, Segment } from "./journal.ts";
import { hourOf, type KnownIds } from "./known-ids.ts";
import { HOUR_MS, type Partitions } from "./partitions.ts";
import type { PutResult, Store, StoreAnswer, StoreQuery, StoreStatus } from "./store.ts";

/** A clock may be that much ahead. */
const MAX_AHEAD_MS = HOUR_MS;

/** With more waiting to become Parquet, nothing is taken. */
const MAX_JOURNAL_BYTES = 1024 ** 3;

/** Shorter segments wait for the next {@link Store.maintain}. */
const SEGMENT_BYTES = 64 * 1024 ** 2;

/** Their ids take some 400 MB: 7,000 hosts for five days. */
const MAX_SNAPSHOTS = 10_000_000;

const NIL_ID = "00000000-0000-0000-0000-000000000000";

export interface WritingStoreOptions {
  readonly duck: Duck;
  readonly partitions: Partitions;
  readonly journal: Journal;
  /** Segments that are not Parquet yet. */
  readonly left: Segment[];
  readonly ids: KnownIds;
  readonly retentionMs: number;
  readonly now: () => number;
  readonly warn: (message: string) => void;
}

/** The store of an intake: it alone changes the folder. */
export class WritingStore implements Store {
  readonly #options: WritingStoreOptions;
  #turn: Promise<unknown> = Promise.resolve();
  #isFlushing = false;
  #damaged = 0;
  /** Hours whose summary failed: not tried again before the next start. */
  readonly #unsummarised = new Set<number>();

  constructor(options: WritingStoreOptions) {
    this.#options = options;
    this.#damaged = options.journal.damaged;
  }

  async put(snapshots: readonly (Snapshot | FlatSnapshot)[]): Promise<PutResult> {
    const { journal, ids, now } = this.#options;
    if (this.#journalBytes > MAX_JOURNAL_BYTES) {
      throw new NpmonError("store", "more waits to be stored than can be", "It is taken again in a while.");
    }
    if (ids.size + snapshots.length > MAX_SNAPSHOTS) {
      throw new NpmonError(
        "store",
        `${MAX_SNAPSHOTS} snapshots are kept, which is the most`,
        "Keep them for less time, or send longer intervals.",
      );
    }
    const nowMs = now();
    const taken: { readonly id: string; readonly entry: Entry }[] = [];
    const duplicate: string[] = [];
    const refused: { id: string; message: string }[] = [];
    for (const snapshot of snapshots) {
      const startMs = Date.parse(snapshot.start);
      const id = normalId(snapshot.id);
      const message = misfit(id, startMs, Date.parse(snapshot.end), this.#oldestMs, nowMs);
      if (message !== null) refused.push({ id: snapshot.id, message });
      else if (ids.has(id)) duplicate.push(snapshot.id);
      else {
        ids.add(id, startMs);
        const { block } = "block" in snapshot ? snapshot : flattenSnapshot(snapshot);
        taken.push({ id: snapshot.id, entry: { startMs, block } });
      }
    }
    try {
      if (taken.length > 0) await journal.append(taken.map(({ entry }) => entry));
      // what somebody else has sent a moment ago is on its way to the disk
      else if (duplicate.length > 0) await journal.settled();
    } catch (error) {
      for (const { id, entry } of taken) ids.remove(normalId(id), entry.startMs);
      throw error;
    }
    // another sender's copy may have failed meanwhile
    if (duplicate.some((id) => !ids.has(normalId(id)))) {
      throw new NpmonError("store", "a snapshot sent twice at once could not be written", "Send it again.");
    }
    if (journal.bytes > SEGMENT_BYTES) this.#flushSoon();
    return { accepted: taken.map(({ id }) => id), duplicate, refused };
  }

  query(query: StoreQuery): Promise<StoreAnswer> {
    return this.#inTurn(async () => {
      await this.#flush();
      return ask(this.#options.duck, this.#options.partitions, query);
    });
  }

  /** One hour after another, so that questions and full segments have their turn in between. */
  async maintain(): Promise<void> {
    const { duck, partitions, ids, left, now, warn } = this.#options;
    // first, because it makes room where the disk is full
    for (const hour of partitions.hours) {
      if (hour < this.#oldestMs) await this.#inTurn(async () => partitions.drop(hour));
    }
    ids.dropBefore(this.#oldestMs);
    await this.#inTurn(() => this.#flush());
    // the latest first: that is asked most
    for (const hour of partitions.hours.toReversed()) {
      const nowMs = now();
      const waiting = () => new Set(left.map(({ name }) => name));
      await this.#inTurn(() => joinHour(duck, partitions, hour, { nowMs, waiting: waiting() }));
      if (this.#unsummarised.has(hour)) continue;
      try {
        await this.#inTurn(() => summariseHour(duck, partitions, hour, nowMs));
      } catch (error) {
        this.#unsummarised.add(hour);
        const [reason] = String(error).split("\n");
        warn(`the hour of ${new Date(hour).toISOString()} has no summary and is slow to ask: ${reason}`);
      }
    }
  }

  status(): StoreStatus {
    const { files, bytes, damaged } = this.#options.partitions.size;
    return {
      snapshots: this.#options.ids.size,
      files,
      bytes,
      journalBytes: this.#journalBytes,
      damaged: damaged + this.#damaged,
    };
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#options.journal.close();
    await this.#options.duck.close();
  }

  get #oldestMs(): number {
    return hourOf(this.#options.now() - this.#options.retentionMs);
  }

  get #journalBytes(): number {
    return this.#options.left.reduce((sum, { bytes }) => sum + bytes, this.#options.journal.bytes);
  }

  /** What looks at files or changes them is done one after another. */
  #inTurn<Value>(action: () => Promise<Value>): Promise<Value> {
    const result = this.#turn.then(action);
    this.#turn = result.catch(() => {});
    return result;
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#inTurn(() => this.#flush())
      // maintain meets it again and says so
      .catch(() => {})
      .finally(() => {
        this.#isFlushing = false;
      });
  }

  /** Makes Parquet of the journal. */
  async #flush(): Promise<void> {
    const { duck, partitions, journal, left, warn } = this.#options;
    const sealed = await journal.seal();
    if (sealed !== null) left.push(sealed);
    for (let segment = left[0]; segment !== undefined; segment = left[0]) {
      await flushSegment(duck, partitions, segment, {
        oldestMs: this.#oldestMs,
        warn: (message) => {
          this.#damaged++;
          warn(message);
        },
      });
      left.shift();
    }
  }
}

function misfit(id: string, startMs: number, endMs: number, oldest: number, now: number): string | null {
  if (id === NIL_ID) return "id: is no id";
  if (!(startMs >= oldest)) return "start: older than what is kept here";
  if (!(startMs <= now + MAX_AHEAD_MS)) return "start: in the future; is the clock of that host right?";
  return endMs >= startMs && endMs <= now + 25 * HOUR_MS ? null : "end: before the start, or in the future";
}
