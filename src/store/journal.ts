import { existsSync, mkdirSync, readdirSync, statSync, truncateSync, unlinkSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { NpmonError } from "../error/error.ts";
import { readLines } from "../snapshot/lines.ts";
import { syncFile, syncFolder } from "./durable.ts";

/** A file of rows that are acknowledged and not in Parquet yet. */
export interface Segment {
  /** Names the Parquet files made of it, so that making them again replaces them. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

/** A snapshot as the journal has it. */
export interface JournalledSnapshot {
  readonly id: string;
  readonly startMs: number;
}

interface Waiting {
  readonly text: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const SUFFIX = ".ndjson";

/**
 * The write-ahead files. Whoever appends at the same time shares one fsync. After a write that failed and could not be
 * undone nothing is taken any more: what stands there half would otherwise come a second time.
 */
export class Journal {
  readonly #folder: string;
  #number: number;
  #file: FileHandle | null = null;
  #bytes = 0;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;
  #sealing = false;
  #broken: Error | null = null;

  private constructor(folder: string, number: number) {
    this.#folder = folder;
    this.#number = number;
  }

  /**
   * Cuts off what was never acknowledged and gives the snapshots of the segments that a kill has left.
   * @param least - number of the next segment at least: the name of one never comes again
   */
  static async open(
    folder: string,
    least: number,
    found: (snapshot: JournalledSnapshot) => void,
  ): Promise<{ readonly journal: Journal; readonly left: readonly Segment[] }> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const names = readdirSync(folder)
      .filter((name) => /^\d{13}\.ndjson$/.test(name))
      .sort();
    const left: Segment[] = [];
    for (const name of names) {
      const path = join(folder, name);
      const whole = await recover(path, found);
      if (whole > 0) left.push({ name: name.slice(0, -SUFFIX.length), path, bytes: whole });
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
  append(text: string): Promise<void> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    const done = new Promise<void>((resolve, reject) => this.#waiting.push({ text, resolve, reject }));
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
      const segment = { name: this.#name, path, bytes: this.#bytes };
      this.#file = null;
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
      for (const { text } of taken) {
        const bytes = Buffer.from(text);
        await this.#file.writeFile(bytes);
        this.#bytes += bytes.length;
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

/** How many bytes are whole snapshots; the file is cut to that. */
async function recover(path: string, found: (snapshot: JournalledSnapshot) => void): Promise<number> {
  let whole = 0;
  let at = 0;
  let rows = 0;
  const size = statSync(path).size;
  for await (const line of readLines(path)) {
    at += Buffer.byteLength(line) + 1;
    const row = parseRow(line);
    if (row === null || at > size) break;
    if (row.kind === "flow") rows++;
    else if (row.rows !== rows) break;
    else {
      found({ id: String(row.snapshot), startMs: Number(row.start) });
      whole = at;
      rows = 0;
    }
  }
  if (whole < size) {
    truncateSync(path, whole);
    syncFile(path);
  }
  return whole;
}

function parseRow(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
