/**
 * Stage `sink`, folder `spool`: snapshots that wait until every destination has them. Takes lines, gives them back in
 * order, also after `kill -9` or a power cut; loses the oldest first when there are too many, and counts them.
 *
 * Files of the folder: `*.gz`, a snapshot each (`entry.ts`); `cursor-*.json`, how far a destination is; `refused/`, the
 * last ones that a destination would not have or a disk has damaged; `status.json` (`status.ts`); `lock-*.sock`. Everything
 * is 0600 in 0700.
 */
import { readdirSync, rmSync, statSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { NpmonError } from "../../error/error.ts";
import { type Entry, formatEntryName, isLeftover, parseEntryName } from "./entry.ts";
import { type Lock, openLock } from "./lock.ts";
import { isWhole, packLine } from "./member.ts";
import { writeDurable } from "./write-durable.ts";

/** Of snapshots that no disk takes; beyond this the oldest of all is dropped. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;
/** Refused ones that are kept to be looked at. */
const MAX_REFUSED = 20;

export interface SpoolOptions {
  readonly folder: string;
  readonly maxBytes: number;
  /** Time that npmon ran while a snapshot waited; a clock that is set wrong drops nothing. */
  readonly maxAgeMs: number;
  /** Milliseconds of a clock that is never set. */
  monotonicMs(): number;
  /** Called for what is lost: nobody will ever get it from here, but for destinations that had it already. */
  onDrop(entry: Entry, why: DropReason): void;
}

export type DropReason = "size" | "age" | "disk" | "gone" | "damaged";

export class Spool {
  readonly folder: string;
  readonly #options: SpoolOptions;
  readonly #lock: Lock | null;
  /** By their place in the order. */
  readonly #entries = new Map<number, Entry>();
  readonly #startedMs: number;
  #baseMs = 0;
  #next = 1;
  #bytes = 0;
  #heldBytes = 0;
  #trouble: string | null = null;
  /** Files on their way out; a busy disk takes its time for each. */
  #removing: Promise<unknown> = Promise.resolve();

  constructor(options: SpoolOptions, lock: Lock | null) {
    this.folder = options.folder;
    this.#options = options;
    this.#lock = lock;
    this.#startedMs = options.monotonicMs();
    for (const name of readdirSync(options.folder).sort()) this.#takeIn(name);
    this.#bound();
  }

  get bytes(): number {
    return this.#bytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Why the disk did not take the last snapshot; null when it did. */
  get trouble(): string | null {
    return this.#trouble;
  }

  get count(): number {
    return this.#entries.size;
  }

  /** How long the oldest has waited, ms. */
  get oldestMs(): number {
    for (const { stampMs } of this.#entries.values()) return this.#ageMs - stampMs;
    return 0;
  }

  /** Those that wait, the oldest first. */
  entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  has(seq: number): boolean {
    return this.#entries.has(seq);
  }

  /** Places at and before this one are never given again. */
  reserve(seq: number): void {
    this.#next = Math.max(this.#next, seq + 1);
  }

  /** Takes a line; when this resolves it is on the disk, or in memory where the disk takes nothing. Never rejects. */
  async put(id: string, line: string): Promise<void> {
    const member = await packLine(line);
    const entry = { seq: this.#next++, id, stampMs: this.#ageMs, bytes: member.length, held: null };
    this.#bytes += entry.bytes;
    this.#bound();
    // where the disk is full, that is the room for this one
    await this.#removing;
    await this.#store();
    const isStored = this.#heldBytes === 0 && (await this.#write(entry, member));
    // only from here on is it there for anybody: what is sent has been written
    this.#entries.set(entry.seq, isStored ? entry : { ...entry, held: member });
    if (!isStored) this.#heldBytes += entry.bytes;
    while (this.#heldBytes > MAX_HELD_BYTES) {
      for (const oldest of this.#entries.values()) {
        this.#drop(oldest, "disk");
        break;
      }
      await this.#store();
    }
  }

  /** The gzip member; `null` when it is gone meanwhile, or was not to be read whole, which is a loss and told. */
  async read({ seq }: Entry): Promise<Buffer | null> {
    const entry = this.#entries.get(seq);
    if (entry === undefined) return null;
    const member = await this.#find(entry);
    if (entry.held !== null || (member !== null && (await isWhole(member)))) return member;
    if (!this.#entries.has(seq)) return null;
    if (member !== null) await this.setAside(entry, `${this.#path(entry)} is damaged`);
    // another destination may have come upon it as well
    if (this.#entries.has(seq)) this.#drop(entry, member === null ? "gone" : "damaged");
    return null;
  }

  /** Everybody has it. */
  remove(entry: Entry): void {
    const known = this.#entries.get(entry.seq);
    if (known === undefined) return;
    this.#entries.delete(entry.seq);
    this.#bytes -= known.bytes;
    if (known.held !== null) this.#heldBytes -= known.bytes;
    this.#unlink(known);
  }

  /** Resolves when what was removed is gone from the disk as well. */
  async removed(): Promise<void> {
    await this.#removing;
  }

  /** Keeps a copy, with why, of what nobody will ever take; the last few of them. Never rejects. */
  async setAside(entry: Entry, why: string): Promise<void> {
    const member = await this.#find(entry);
    const folder = join(this.folder, "refused");
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const names = readdirSync(folder).sort();
      for (const name of names.slice(0, Math.max(0, names.length + 2 - 2 * MAX_REFUSED))) {
        await rm(join(folder, name), { force: true });
      }
      if (member === null || member.length > this.#options.maxBytes / (4 * MAX_REFUSED)) return;
      await writeDurable(join(folder, formatEntryName(entry)), member);
      await writeDurable(join(folder, `${formatEntryName(entry)}.why`), `${why}\n`);
    } catch {}
  }

  close(): void {
    this.#lock?.release();
  }

  /** Time that npmon has run with this spool, as far as what is in it remembers. */
  get #ageMs(): number {
    return this.#baseMs + Math.round(this.#options.monotonicMs() - this.#startedMs);
  }

  #path(entry: Entry): string {
    return join(this.folder, formatEntryName(entry));
  }

  /** As it stands there, whole or not; `null` when the disk does not give it. */
  async #find(entry: Entry): Promise<Buffer | null> {
    return entry.held ?? (await readFile(this.#path(entry)).catch(() => null));
  }

  /** What cannot be removed is sent again by the next process, and known by its id. */
  #unlink(entry: Entry): void {
    const gone = rm(this.#path(entry), { force: true }).catch(() => {});
    this.#removing = Promise.all([this.#removing, gone]);
  }

  #takeIn(name: string): void {
    const path = join(this.folder, name);
    if (isLeftover(name)) rmSync(path, { force: true });
    const parsed = parseEntryName(name);
    const stats = parsed === null ? undefined : statSync(path, { throwIfNoEntry: false });
    if (parsed === null || stats?.isFile() !== true) return;
    const bytes = stats.size;
    const entry = { ...parsed, bytes, held: null };
    this.#entries.set(entry.seq, entry);
    this.#bytes += bytes;
    this.#baseMs = Math.max(this.#baseMs, entry.stampMs);
    this.reserve(entry.seq);
  }

  /** Writes what only memory holds, the oldest first, until the disk takes no more. */
  async #store(): Promise<void> {
    for (const entry of [...this.#entries.values()]) {
      if (entry.held === null) continue;
      if (!(await this.#write(entry, entry.held))) return;
      if (this.#entries.has(entry.seq)) {
        this.#entries.set(entry.seq, { ...entry, held: null });
        this.#heldBytes -= entry.bytes;
      } else {
        // everybody got it while it was being written
        this.#unlink(entry);
      }
    }
  }

  async #write(entry: Entry, member: Buffer): Promise<boolean> {
    try {
      await writeDurable(this.#path(entry), member);
      this.#trouble = null;
      return true;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      this.#trouble = code === "ENOSPC" ? "no space left on the disk" : message;
      return false;
    }
  }

  #bound(): void {
    for (const entry of this.#entries.values()) {
      const isOld = this.#ageMs - entry.stampMs > this.#options.maxAgeMs;
      if (!isOld && this.#bytes <= this.#options.maxBytes) return;
      this.#drop(entry, isOld ? "age" : "size");
    }
  }

  #drop(entry: Entry, why: DropReason): void {
    this.remove(entry);
    this.#options.onDrop(entry, why);
  }
}

/**
 * Opens the folder, made where it is missing, with everything that waits in it. The caller closes it.
 * @throws NpmonError `output_file` when it cannot be used; `usage` when another process has it
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  let lock: Lock | null = null;
  try {
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    lock = await openLock(options.folder);
    return new Spool(options, lock);
  } catch (cause) {
    lock?.release();
    if (cause instanceof NpmonError) throw cause;
    throw new NpmonError(
      "output_file",
      `cannot use ${options.folder}: ${cause instanceof Error ? cause.message : String(cause)}`,
      "Give --spool-dir, or npmon.forward.spool_dir, a folder that npmon may make and write to.",
      cause,
    );
  }
}
