import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { damagedIn, damagedName } from "./blocks.ts";
import { publishFile, syncFolder } from "./durable.ts";
import { endReplacement, replacedIn, writeReplacement } from "./replacement.ts";

export const HOUR_MS = 3_600_000;

const FOLDER = /^hour=(\d{4}-\d\d-\d\dT\d\d)$/;
/** An hour that is being deleted: the name says so from the first instant. */
const DROPPED = "dropped-";
const DATA = /^[fc]\d{13}\.parquet$/;
const SUMMARY = /^([a-z])([0-9a-f]{16})\.parquet$/;

/** Summaries of another form of the program are none. */
const SUMMARY_FORM = "1";

interface Hour {
  /** Bytes by name. */
  readonly data: Map<string, number>;
  readonly summaries: Map<string, number>;
}

/**
 * The Parquet files, `flows/hour=2026-01-01T00/f….parquet`: one folder an hour of `start`. Of data every file counts:
 * `f` files are made of a segment of the journal, `c` files are others joined. A summary has a letter of its own and
 * names the data it is of: with one file more or less it is none. `damaged-…` files could not be read and do not count.
 */
export class Partitions {
  readonly #root: string;
  readonly #hours = new Map<number, Hour>();
  #damaged = 0;

  private constructor(root: string) {
    this.#root = root;
  }

  /** Ends what a kill has left half done, unless it is only read. */
  static open(root: string, { readOnly = false } = {}): Partitions {
    const partitions = new Partitions(root);
    if (!readOnly) mkdirSync(root, { recursive: true, mode: 0o700 });
    for (const name of existsSync(root) ? readdirSync(root) : []) {
      const hour = FOLDER.exec(name)?.[1];
      if (hour !== undefined) partitions.#read(Date.parse(`${hour}:00:00Z`), readOnly);
      else if (name.startsWith(DROPPED) && !readOnly) {
        rmSync(join(root, name), { recursive: true, force: true });
      }
    }
    return partitions;
  }

  get hours(): readonly number[] {
    return [...this.#hours.keys()].sort((a, b) => a - b);
  }

  /** Of all files, as their names have it; 0 when there is none. */
  get highestNumber(): number {
    let highest = 0;
    for (const { data } of this.#hours.values()) {
      for (const name of data.keys()) highest = Math.max(highest, Number(name.slice(1, 14)));
    }
    return highest;
  }

  get size(): { readonly files: number; readonly bytes: number; readonly damaged: number } {
    let files = 0;
    let bytes = 0;
    for (const { data, summaries } of this.#hours.values()) {
      files += data.size + summaries.size;
      for (const size of [...data.values(), ...summaries.values()]) bytes += size;
    }
    return { files, bytes, damaged: this.#damaged };
  }

  /** Data of the hour by path, bytes. */
  data(hourMs: number): ReadonlyMap<string, number> {
    const folder = this.#folder(hourMs);
    return new Map(
      [...(this.#hours.get(hourMs)?.data ?? [])].map(([name, size]) => [join(folder, name), size]),
    );
  }

  /** The summary as it has to be called with the data that is there. */
  summaryName(hourMs: number, letter: string): string {
    const names = [...(this.#hours.get(hourMs)?.data.keys() ?? [])].sort().join("\n");
    const digest = createHash("sha1").update(`${SUMMARY_FORM}\n${names}`).digest("hex");
    return `${letter}${digest.slice(0, 16)}.parquet`;
  }

  /** `null` when there is none of the data that is there. */
  summary(hourMs: number, letter: string): string | null {
    const name = this.summaryName(hourMs, letter);
    return this.#hours.get(hourMs)?.summaries.has(name) ? join(this.#folder(hourMs), name) : null;
  }

  hasSummaries(hourMs: number): boolean {
    return (this.#hours.get(hourMs)?.summaries.size ?? 0) > 0;
  }

  /** Where to write what {@link publish} or {@link replace} then takes. */
  prepare(hourMs: number, name: string): string {
    const folder = this.#folder(hourMs);
    if (!existsSync(folder)) {
      mkdirSync(folder, { mode: 0o700 });
      syncFolder(this.#root);
    }
    return join(folder, `${name}.tmp`);
  }

  /** Takes a finished file in; one of the same name is replaced. */
  publish(hourMs: number, name: string): void {
    const path = join(this.#folder(hourMs), name);
    publishFile(`${path}.tmp`, path);
    this.#add(hourMs, name);
  }

  /** Puts a finished file in the place of others. From the moment the intent is written it happens, whatever happens. */
  replace(hourMs: number, name: string, paths: readonly string[]): void {
    const replaced = paths.map((path) => basename(path));
    writeReplacement(this.#folder(hourMs), { written: name, replaced });
    endReplacement(this.#folder(hourMs), DATA);
    for (const file of replaced) this.#hours.get(hourMs)?.data.delete(file);
    this.#add(hourMs, name);
  }

  /** For good before this returns, so that what makes them void can be written. */
  dropSummaries(hourMs: number): void {
    const summaries = this.#hours.get(hourMs)?.summaries;
    if (summaries === undefined || summaries.size === 0) return;
    for (const name of summaries.keys()) rmSync(join(this.#folder(hourMs), name), { force: true });
    summaries.clear();
    syncFolder(this.#folder(hourMs));
  }

  /** Deletes an hour and all that is in it. */
  drop(hourMs: number): void {
    const folder = this.#folder(hourMs);
    const dropped = join(this.#root, `${DROPPED}${basename(folder)}`);
    rmSync(dropped, { recursive: true, force: true });
    renameSync(folder, dropped);
    this.#hours.delete(hourMs);
    syncFolder(this.#root);
    rmSync(dropped, { recursive: true, force: true });
  }

  /** Keeps a file that cannot be read under a name that is not looked for. */
  setAside(path: string, hourMs: number): void {
    const folder = this.#folder(hourMs);
    renameSync(path, join(folder, damagedName(basename(path))));
    syncFolder(folder);
    this.#hours.get(hourMs)?.data.delete(basename(path));
    this.#damaged++;
  }

  #read(hourMs: number, readOnly: boolean): void {
    const folder = this.#folder(hourMs);
    const hidden = readOnly ? replacedIn(folder, DATA) : endReplacement(folder, DATA);
    const hour: Hour = { data: new Map(), summaries: new Map() };
    const summaries: string[] = [];
    for (const name of readdirSync(folder)) {
      if (SUMMARY.test(name)) summaries.push(name);
      else if (DATA.test(name) && !hidden.has(name)) hour.data.set(name, statSync(join(folder, name)).size);
    }
    const damaged = damagedIn(folder).length;
    this.#damaged += damaged;
    if (hour.data.size === 0 && damaged === 0 && !readOnly) {
      rmSync(folder, { recursive: true, force: true });
      return;
    }
    this.#hours.set(hourMs, hour);
    for (const name of summaries) {
      const isValid = name === this.summaryName(hourMs, name.slice(0, 1));
      if (isValid) hour.summaries.set(name, statSync(join(folder, name)).size);
      else if (!readOnly) rmSync(join(folder, name), { force: true });
    }
  }

  #add(hourMs: number, name: string): void {
    const hour = this.#hours.get(hourMs) ?? { data: new Map(), summaries: new Map() };
    this.#hours.set(hourMs, hour);
    const isSummary = SUMMARY.test(name) && !DATA.test(name);
    const size = statSync(join(this.#folder(hourMs), name)).size;
    (isSummary ? hour.summaries : hour.data).set(name, size);
    if (isSummary) return;
    for (const old of hour.summaries.keys()) {
      rmSync(join(this.#folder(hourMs), old), { force: true });
      hour.summaries.delete(old);
    }
  }

  #folder(hourMs: number): string {
    return join(this.#root, `hour=${new Date(hourMs).toISOString().slice(0, 13)}`);
  }
}
