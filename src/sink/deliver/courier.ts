import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Entry } from "../spool/entry.ts";
import { unpackedBytes } from "../spool/member.ts";
import type { Spool } from "../spool/spool.ts";
import { writeDurable } from "../spool/write-durable.ts";
import { delayAfter, type Patience } from "./backoff.ts";
import type { Outcome, Parcel, Send } from "./destination.ts";

/** In one request. */
const MAX_PARCELS = 64;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** As the far end unpacks it. */
const MAX_UNPACKED_BYTES = 16 * 1024 * 1024;

export interface CourierOptions {
  readonly url: string;
  readonly send: Send;
  readonly spool: Spool;
  readonly patience: Patience;
  /** 0..1 */
  random(): number;
  wallMs(): number;
  say(level: "info" | "warn", text: string): void;
  /** Something was delivered or refused: whoever looks after the spool may remove it. */
  onPassed(): void;
}

/** Brings the snapshots of the spool to one destination, in order, each at least once; waits for no other courier. */
export class Courier {
  readonly url: string;
  readonly cursorFile: string;
  delivered = 0;
  deliveredBytes = 0;
  refused = 0;
  dropped = 0;
  lastDeliveryMs: number | null = null;
  /** Why nothing is delivered now. */
  problem: string | null = null;
  failingSinceMs: number | null = null;
  nextAttemptMs: number | null = null;
  readonly #options: CourierOptions;
  /** Everything up to here is done. */
  #position = 0;
  /** What is done beyond that. */
  readonly #done = new Set<number>();
  #maxParcels = MAX_PARCELS;
  /** What it has said to be too much; kept for good. */
  #ceiling = MAX_PARCELS;
  #failures = 0;
  #wake = (): void => {};
  /** Something came since it last looked. */
  #isNoticed = false;
  #isEnding = false;
  readonly #abort = new AbortController();
  #ran: Promise<void> | null = null;

  constructor(options: CourierOptions) {
    this.#options = options;
    this.url = options.url;
    const hash = createHash("sha256").update(options.url).digest("hex").slice(0, 16);
    this.cursorFile = join(options.spool.folder, `cursor-${hash}.json`);
    this.#position = readCursor(this.cursorFile);
  }

  /** Whether it needs this one no more. */
  hasPassed({ seq }: Entry): boolean {
    return seq <= this.#position || this.#done.has(seq);
  }

  get waiting(): number {
    let count = 0;
    for (const entry of this.#options.spool.entries()) if (!this.hasPassed(entry)) count++;
    return count;
  }

  start(): void {
    this.#ran ??= this.#run();
  }

  /** There is a new snapshot; a destination that failed is not asked sooner for that. */
  notice(): void {
    this.#isNoticed = true;
    if (this.#failures === 0) this.#wake();
  }

  /** One more try now, and then the end, at most so many ms from now. */
  async finish(withinMs: number): Promise<void> {
    this.#isEnding = true;
    this.#wake();
    const timer = setTimeout(() => this.#abort.abort(), withinMs);
    // also when something takes no notice of the signal
    const late = new Promise<void>((resolve) => {
      this.#abort.signal.addEventListener("abort", () => setTimeout(resolve, 100), { once: true });
    });
    await Promise.race([this.#ran, late]);
    clearTimeout(timer);
  }

  /** Writes down how far it is; only what is done since is sent again after a crash. Never rejects. */
  async keepPosition(): Promise<void> {
    const text = JSON.stringify({ url: this.url, position: this.#position });
    await writeDurable(this.cursorFile, `${text}\n`).catch(() => {});
  }

  async #run(): Promise<void> {
    for (;;) {
      this.#isNoticed = false;
      const batch = await this.#pick();
      if (batch.length === 0) {
        if (this.#isEnding) return;
        await this.#sleep(null);
        continue;
      }
      const sentMs = performance.now();
      const outcome = await this.#options.send(
        batch.map(({ parcel }) => parcel),
        this.#abort.signal,
      );
      const waitMs = await this.#settle(batch, outcome, performance.now() - sentMs);
      if (waitMs === 0) continue;
      if (this.#isEnding) return;
      this.nextAttemptMs = this.#options.wallMs() + waitMs;
      await this.#sleep(waitMs);
      this.nextAttemptMs = null;
    }
  }

  async #pick(): Promise<readonly Picked[]> {
    const { spool } = this.#options;
    const batch: Picked[] = [];
    let bytes = 0;
    let unpacked = 0;
    for (const entry of [...spool.entries()]) {
      if (this.hasPassed(entry)) continue;
      if (batch.length >= this.#maxParcels) break;
      if (batch.length > 0 && bytes + entry.bytes > MAX_BATCH_BYTES) break;
      const member = await spool.read(entry);
      if (member === null) continue;
      const length = unpackedBytes(member);
      if (batch.length > 0 && unpacked + length > MAX_UNPACKED_BYTES) break;
      bytes += member.length;
      unpacked += length;
      batch.push({ entry, parcel: { id: entry.id, member } });
    }
    return batch;
  }

  /** @returns how long to wait, ms; 0 to go on */
  async #settle(batch: readonly Picked[], outcome: Outcome, tookMs: number): Promise<number> {
    const [first] = batch;
    switch (outcome.kind) {
      case "answered":
        for (const { entry } of batch) {
          const why = outcome.refused.get(entry.id);
          if (why !== undefined) await this.#refuse(entry, why);
          else if (outcome.done.has(entry.id)) this.#deliver(entry);
        }
        this.#maxParcels = Math.min(this.#ceiling, 2 * this.#maxParcels);
        this.#succeed();
        return 0;
      case "too_much":
      case "bad":
        if (first !== undefined && batch.length === 1) {
          await this.#refuse(first.entry, outcome.why);
          this.#succeed();
          return 0;
        }
        this.#maxParcels = Math.max(1, Math.floor(batch.length / 2));
        if (outcome.kind === "too_much") this.#ceiling = this.#maxParcels;
        return 0;
      case "failed":
        // a line that is slow, or is always cut after a while, takes a little at last
        if (tookMs > this.#options.patience.longMs) {
          this.#maxParcels = Math.max(1, Math.floor(batch.length / 2));
        }
        this.#fail(outcome.why);
        return Math.max(
          1,
          delayAfter(this.#failures, this.#options.patience, outcome, this.#options.random()),
        );
    }
  }

  #deliver(entry: Entry): void {
    if (this.hasPassed(entry)) return;
    this.#done.add(entry.seq);
    this.delivered++;
    this.deliveredBytes += entry.bytes;
    this.lastDeliveryMs = this.#options.wallMs();
  }

  async #refuse(entry: Entry, why: string): Promise<void> {
    this.refused++;
    this.#options.say("warn", `${this.url} refused snapshot ${entry.id}, which is set aside: ${why}`);
    await this.#options.spool.setAside(entry, `${this.url}: ${why}`);
    this.#done.add(entry.seq);
  }

  #succeed(): void {
    if (this.problem !== null) this.#options.say("info", `${this.url} takes snapshots again`);
    this.problem = null;
    this.failingSinceMs = null;
    this.#failures = 0;
    this.#advance();
    this.#options.onPassed();
  }

  #fail(why: string): void {
    this.#failures++;
    this.failingSinceMs ??= this.#options.wallMs();
    if (this.problem !== why && !this.#abort.signal.aborted) {
      const waits = `${this.waiting} ${this.waiting === 1 ? "snapshot waits" : "snapshots wait"}`;
      this.#options.say("warn", `${this.url}: ${why}; ${waits}, it is tried again`);
    }
    this.problem = why;
  }

  #advance(): void {
    for (const entry of this.#options.spool.entries()) {
      if (this.hasPassed(entry)) this.#position = Math.max(this.#position, entry.seq);
      else break;
    }
    for (const seq of this.#done) if (seq <= this.#position) this.#done.delete(seq);
  }

  #sleep(ms: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === null ? null : setTimeout(() => this.#wake(), ms);
      this.#wake = () => {
        if (timer !== null) clearTimeout(timer);
        this.#wake = () => {};
        resolve();
      };
      if (this.#isEnding || (ms === null && this.#isNoticed)) this.#wake();
    });
  }
}

interface Picked {
  readonly entry: Entry;
  readonly parcel: Parcel;
}

/** 0 when it is missing or damaged: everything is sent again, and the far end knows it by its id. */
export function readCursor(path: string): number {
  try {
    const { position } = JSON.parse(readFileSync(path, "utf8")) as { position?: unknown };
    return typeof position === "number" && Number.isSafeInteger(position) && position >= 0 ? position : 0;
  } catch {
    return 0;
  }
}
