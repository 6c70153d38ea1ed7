import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { PATIENCE, type Patience } from "./deliver/backoff.ts";
import { Courier, readCursor } from "./deliver/courier.ts";
import type { Send } from "./deliver/destination.ts";
import type { Entry } from "./spool/entry.ts";
import { type DropReason, openSpool, type Spool } from "./spool/spool.ts";
import { type ForwardStatus, reasonsOf, STATUS_FILE, STATUS_SCHEMA } from "./spool/status.ts";
import { writeDurable } from "./spool/write-durable.ts";
import { within } from "./within.ts";

/** Snapshots on their way to a disk that does not answer; more are dropped. */
const MAX_PENDING_BYTES = 64 * 1024 * 1024;

export interface Clock {
  /** Since 1970, ms; may be set at any time, and is only told, never reckoned with. */
  wallMs(): number;
  /** Never set, ms. */
  monotonicMs(): number;
}

const CLOCK: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

export interface ForwarderOptions {
  readonly folder: string;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly intervalMs: number;
  readonly destinations: readonly { readonly url: string; readonly send: Send }[];
  readonly patience?: Patience;
  readonly clock?: Clock;
  say(level: "info" | "warn", text: string): void;
}

/** The status file is not written more often. */
const STATUS_EVERY_MS = 1000;

/** What was lost since it was last asked for, and what waits. */
export interface Delivery {
  readonly dropped: number;
  readonly refused: number;
  readonly waiting: number;
}

/** Spools snapshots and brings each to every destination. Whoever hands one over waits for nothing. */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #spool: Spool;
  readonly #couriers: readonly Courier[];
  readonly #clock: Clock;
  readonly #startedMs: number;
  #tail: Promise<void> = Promise.resolve();
  #pendingBytes = 0;
  #made = 0;
  #lastMadeMs: number | null = null;
  #dropped = 0;
  #droppedBytes = 0;
  /** Drops that nobody was told of yet. */
  readonly #unsaid = new Map<DropReason, number>();
  #lastDropMs: number | null = null;
  #reportedDropped = 0;
  #reportedRefused = 0;
  #saidTrouble: string | null = null;
  #statusMs = Number.NEGATIVE_INFINITY;
  #isKeeping = false;
  #keeping: Promise<void> = Promise.resolve();

  constructor(options: ForwarderOptions, spool: Spool) {
    this.#options = options;
    this.#spool = spool;
    this.#clock = options.clock ?? CLOCK;
    this.#startedMs = this.#clock.wallMs();
    this.#couriers = options.destinations.map(
      ({ url, send }) =>
        new Courier({
          url,
          send,
          spool,
          patience: options.patience ?? PATIENCE,
          random: Math.random,
          wallMs: () => this.#clock.wallMs(),
          say: options.say,
          onPassed: () => this.#settle(),
        }),
    );
    this.#readCursors();
    this.#settle();
    if (spool.count > 0) options.say("info", `${spool.count} snapshots wait in ${spool.folder} from before`);
    for (const courier of this.#couriers) courier.start();
  }

  /** Takes a line of one snapshot, its end included. Returns at once. */
  take(id: string, line: string): void {
    this.#made++;
    this.#lastMadeMs = this.#clock.wallMs();
    if (this.#pendingBytes + line.length > MAX_PENDING_BYTES) {
      this.#countDrop(line.length, "disk");
      return;
    }
    this.#pendingBytes += line.length;
    this.#tail = this.#tail.then(async () => {
      await this.#spool.put(id, line);
      this.#pendingBytes -= line.length;
      this.#sayTrouble();
      for (const courier of this.#couriers) courier.notice();
      if (performance.now() - this.#statusMs >= STATUS_EVERY_MS) await this.#writeStatus();
    });
  }

  /** As {@link take}, for who wants to wait: resolves when it is spooled. */
  async spooled(id: string, line: string): Promise<void> {
    this.take(id, line);
    await this.#tail;
  }

  /** For the next snapshot to tell; counts from the last time. */
  takeDelivery(): Delivery {
    const refused = this.#couriers.reduce((sum, courier) => sum + courier.refused, 0);
    const delivery = {
      dropped: this.#dropped - this.#reportedDropped,
      refused: refused - this.#reportedRefused,
      waiting: this.#spool.count,
    };
    this.#reportedDropped = this.#dropped;
    this.#reportedRefused = refused;
    return delivery;
  }

  /** How it stands, as in the status file. */
  get status(): ForwardStatus {
    const spool = this.#spool;
    const known = {
      schema: STATUS_SCHEMA,
      pid: process.pid,
      started: formatTime(this.#startedMs),
      written: formatTime(this.#clock.wallMs()),
      interval_ms: this.#options.intervalMs,
      snapshots: { made: this.#made, last: formatTime(this.#lastMadeMs) },
      spool: {
        folder: spool.folder,
        snapshots: spool.count,
        bytes: spool.bytes,
        max_bytes: this.#options.maxBytes,
        max_age_ms: this.#options.maxAgeMs,
        oldest_ms: spool.oldestMs,
        in_memory_bytes: spool.heldBytes,
        trouble: spool.trouble,
        dropped: this.#dropped,
        dropped_bytes: this.#droppedBytes,
        last_drop: formatTime(this.#lastDropMs),
      },
      destinations: this.#couriers.map((courier) => ({
        url: courier.url,
        waiting: courier.waiting,
        delivered: courier.delivered,
        delivered_bytes: courier.deliveredBytes,
        refused: courier.refused,
        dropped: courier.dropped,
        last_delivery: formatTime(courier.lastDeliveryMs),
        failing_since: formatTime(courier.failingSinceMs),
        problem: courier.problem,
        next_attempt: formatTime(courier.nextAttemptMs),
      })),
    } as const;
    const reasons = reasonsOf(known);
    return { ...known, health: reasons.length === 0 ? "ok" : "degraded", reasons };
  }

  /** Everything taken is on the disk, every destination is tried once more, for so long at most, ms. */
  async finish(withinMs: number): Promise<void> {
    // a disk that does not answer must not keep npmon from ending
    await within(withinMs, this.#tail);
    await Promise.all(this.#couriers.map((courier) => courier.finish(withinMs)));
    await within(
      withinMs,
      this.#keeping.then(() => this.#writeStatus()),
    );
    await within(withinMs, this.#spool.removed());
    this.#sayDrops();
    this.#spool.close();
  }

  /** Counts what the spool gave up. */
  drop(entry: Entry, why: DropReason): void {
    for (const courier of this.#couriers) if (!courier.hasPassed(entry)) courier.dropped++;
    this.#countDrop(entry.bytes, why);
  }

  #countDrop(bytes: number, why: DropReason): void {
    this.#dropped++;
    this.#droppedBytes += bytes;
    this.#lastDropMs = this.#clock.wallMs();
    // thousands at once, as after a smaller bound was configured, are one line
    if (this.#unsaid.size === 0) setImmediate(() => this.#sayDrops());
    this.#unsaid.set(why, (this.#unsaid.get(why) ?? 0) + 1);
  }

  #sayDrops(): void {
    for (const [why, count] of this.#unsaid) {
      const which = count === 1 ? "a snapshot is lost" : `${count} snapshots are lost`;
      this.#options.say("warn", `${which}${DROPS[why]}; ${this.#dropped} since the start`);
    }
    this.#unsaid.clear();
  }

  /** Removes what everybody has. Where there are several destinations, their places are written down as well. */
  #settle(): void {
    const passed = [...this.#spool.entries()].filter((entry) =>
      this.#couriers.every((courier) => courier.hasPassed(entry)),
    );
    for (const entry of passed) this.#spool.remove(entry);
    if (this.#couriers.length > 1 && !this.#isKeeping) {
      this.#isKeeping = true;
      this.#keeping = this.#keeping.then(async () => {
        this.#isKeeping = false;
        for (const courier of this.#couriers) await courier.keepPosition();
      });
    }
  }

  #readCursors(): void {
    const known = new Set(this.#couriers.map(({ cursorFile }) => cursorFile));
    for (const name of readdirSync(this.#spool.folder)) {
      if (!/^cursor-[0-9a-f]{16}\.json$/.test(name)) continue;
      const path = join(this.#spool.folder, name);
      this.#spool.reserve(readCursor(path));
      if (!known.has(path)) rmSync(path, { force: true });
    }
  }

  #sayTrouble(): void {
    const { trouble } = this.#spool;
    if (trouble !== this.#saidTrouble) {
      const text =
        trouble === null
          ? "the spool takes snapshots again"
          : `the spool takes nothing, snapshots wait in memory: ${trouble}`;
      this.#options.say(trouble === null ? "info" : "warn", text);
    }
    this.#saidTrouble = trouble;
  }

  async #writeStatus(): Promise<void> {
    this.#statusMs = performance.now();
    const text = `${JSON.stringify(this.status)}\n`;
    await writeDurable(join(this.#spool.folder, STATUS_FILE), text).catch(() => {});
  }
}

const DROPS: Readonly<Record<DropReason, string>> = {
  size: ", the oldest: the spool is as large as it may be",
  age: ", the oldest: it waited as long as it may",
  disk: ", the oldest: the disk takes nothing",
  gone: ": its file in the spool cannot be read",
  damaged: ": its file in the spool is damaged, and set aside in refused/",
};

function formatTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/**
 * Opens the spool and begins to deliver what waits in it. The caller finishes it.
 * @throws NpmonError `output_file`, `usage`
 */
export async function openForwarder(options: ForwarderOptions): Promise<Forwarder> {
  const early: [entry: Entry, why: DropReason][] = [];
  let forwarder: Forwarder | null = null;
  const spool = await openSpool({
    ...options,
    monotonicMs: () => (options.clock ?? CLOCK).monotonicMs(),
    onDrop: (entry, why) => {
      if (forwarder === null) early.push([entry, why]);
      else forwarder.drop(entry, why);
    },
  });
  forwarder = new Forwarder(options, spool);
  for (const drop of early) forwarder.drop(...drop);
  return forwarder;
}
