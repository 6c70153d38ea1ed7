import { existsSync, mkdirSync, readdirSync, rmSync, unlinkSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { NpmonError } from "../error/error.ts";
import { damagedIn, mendSegment } from "./blocks.ts";
import { syncFolder } from "./durable.ts";
import { hourOf } from "./known-ids.ts";

/** A file of rows that are acknowledged and not in Parquet yet. */
export interface Segment {
  /** Names the Parquet files made of it, so that making them again replaces them. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** In which its snapshots began, ms since 1970. */
  readonly hours: ReadonlySet<number>;
}

/** A snapshot on its way into the journal; see `flattenSnapshot`. */
export interface Entry {
  readonly startMs: number;
  readonly block: Buffer;
}

/** A snapshot that is in the journal already. */
export interface JournalledSnapshot {
  readonly id: string;
  readonly startMs: number;
}

interface Waiting {
  readonly entries: readonly Entry[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const SUFFIX = ".tsv";

/**
 * The write-ahead files. Whoever appends at the same time shares one fsync. After a write that failed and could not be
 * undone nothing is taken any more: what stands there half would otherwise come a second time.
 */
export class Journal {
  readonly #folder: string;
  /** Segments that were set aside, now or at a start before. */
  readonly damaged: number;
  #number: number;
  #file: FileHandle | null = null;
  #bytes = 0;
  #hours = new Set<number>();
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;
  #sealing = false;
  #broken: Error | null = null;

  private constructor(folder: string, number: number) {
    this.#folder = folder;
    this.damaged = damagedIn(folder).length;
    this.#number = number;
  }

  /**
   * Cuts off what was never acknowledged and gives the snapshots of the segments that a kill has left.
   * @param least - number of the next segment at least: the name of one never comes again
   * @param found - told of each snapshot
   * @param damaged - told of each segment that had to be mended
   */
  static async open(
    folder: string,
    least: number,
    found: (snapshot: JournalledSnapshot) => void,
    damaged: (path: string, bytes: number) => void,
  ): Promise<{ readonly journal: Journal; readonly left: readonly Segment[] }> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const left: Segment[] = [];
    for (const name of readdirSync(folder).sort()) {
      const path = join(folder, name);
      if (name.endsWith(".tmp")) rmSync(path);
      if (!/^\d{13}\.tsv$/.test(name)) continue;
      const { blocks, damagedBytes } = mendSegment(path);
      if (damagedBytes > 0) damaged(path, damagedBytes);
      for (const block of blocks) found(block);
      const bytes = blocks.reduce((sum, { from, to }) => sum + to - from, 0);
      const hours = new Set(blocks.map(({ startMs }) => hourOf(startMs)));
      if (bytes > 0) left.push({ name: name.slice(0, -SUFFIX.length), path, bytes, hours });
      else unlinkSync(path);
    }
    const last = left.at(-1);
    const number = Math.max(least, last === undefined ? 0 : Number(last.name) + 1);
    return { journal: new Journal(folder, number), left };
  }

  /** Bytes of the segment that is being written. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @throws NpmonError `store` */
  append(entries: readonly Entry[]): Promise<void> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    const done = new Promise<void>((resolve, reject) => this.#waiting.push({ entries, resolve, reject }));
    this.#write();
    return done;
  }

  /** Resolves when everything appended so far is durable or has failed. */
  async settled(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  /** Ends the segment; the next append begins another. `null` when there is nothing in it. */
  async seal(): Promise<Segment | null> {
    this.#sealing = true;
    try {
      await this.#writing;
      const file = this.#file;
      if (file === null) return null;
      const path = this.#path;
      const segment = { name: this.#name, path, bytes: this.#bytes, hours: this.#hours };
      this.#file = null;
      this.#hours = new Set();
      this.#number++;
      this.#bytes = 0;
      await file.close();
      if (segment.bytes > 0) return segment;
      unlinkSync(path);
      return null;
    } finally {
      this.#sealing = false;
      this.#write();
    }
  }

  /** What was acknowledged stays in its file for the next start. */
  async close(): Promise<void> {
    await this.settled();
    await this.#file?.close();
    this.#file = null;
    this.#broken ??= new NpmonError("store", "the store is closed");
  }

  get #name(): string {
    return String(this.#number).padStart(13, "0");
  }

  get #path(): string {
    return join(this.#folder, `${this.#name}${SUFFIX}`);
  }

  #write(): void {
    if (this.#writing !== null || this.#sealing || this.#waiting.length === 0) return;
    this.#writing = this.#drain().finally(() => {
      this.#writing = null;
      this.#write();
    });
  }

  async #drain(): Promise<void> {
    const taken = this.#waiting;
    this.#waiting = [];
    const before = this.#bytes;
    try {
      if (this.#broken !== null) throw this.#broken;
      if (this.#file === null) {
        while (existsSync(this.#path)) this.#number++;
        this.#file = await open(this.#path, "wx", 0o600);
        syncFolder(this.#folder);
      }
      for (const { block, startMs } of taken.flatMap(({ entries }) => entries)) {
        await this.#file.writeFile(block);
        this.#bytes += block.length;
        this.#hours.add(hourOf(startMs));
      }
      await this.#file.datasync();
      for (const { resolve } of taken) resolve();
    } catch (cause) {
      const error = cause instanceof NpmonError ? cause : this.#failure(cause);
      await this.#undo(before, error);
      for (const { reject } of taken) reject(error);
    }
  }

  #failure(cause: unknown): NpmonError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new NpmonError(
      "store",
      `cannot write ${this.#path}: ${reason}`,
      "The disk must have room and the folder must be this user's.",
      cause,
    );
  }

  async #undo(bytes: number, error: Error): Promise<void> {
    this.#bytes = bytes;
    try {
      await this.#file?.truncate(bytes);
      await this.#file?.datasync();
      // written from the end that is left
      await this.#file?.close();
      if (this.#file !== null) this.#file = await open(this.#path, "a", 0o600);
    } catch {
      this.#broken = error;
    }
  }
}
