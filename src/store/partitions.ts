import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { publishFile, syncFile, syncFolder } from "./durable.ts";

export const HOUR_MS = 3_600_000;

const INTENT = "replace.json";
const FOLDER = /^hour=(\d{4}-\d\d-\d\dT\d\d)$/;
const FILE = /^[fc]\d{13}\.parquet$/;

interface Intent {
  readonly written: string;
  readonly replaced: readonly string[];
}

/**
 * The Parquet files, `flows/hour=2026-01-01T00/f….parquet`: one folder an hour of `start`, and every file in it counts.
 * `f` files are made of a segment of the journal, `c` files are others joined.
 */
export class Partitions {
  readonly #root: string;
  readonly #files = new Map<number, Map<string, number>>();

  private constructor(root: string) {
    this.#root = root;
  }

  /** Ends what a kill has left half done, unless it is only read. */
  static open(root: string, { readOnly = false } = {}): Partitions {
    const partitions = new Partitions(root);
    if (!readOnly) mkdirSync(root, { recursive: true, mode: 0o700 });
    for (const name of existsSync(root) ? readdirSync(root) : []) {
      const hour = FOLDER.exec(name)?.[1];
      if (hour === undefined) continue;
      const hourMs = Date.parse(`${hour}:00:00Z`);
      const folder = join(root, name);
      const hidden = readOnly ? replacedIn(folder) : finish(folder);
      const files = new Map<string, number>();
      for (const file of readdirSync(folder)) {
        if (FILE.test(file) && !hidden.has(file)) files.set(file, statSync(join(folder, file)).size);
      }
      if (files.size > 0) partitions.#files.set(hourMs, files);
      else if (!readOnly) rmSync(folder, { recursive: true, force: true });
    }
    return partitions;
  }

  get hours(): readonly number[] {
    return [...this.#files.keys()].sort((a, b) => a - b);
  }

  /** Of all files, as their names have it; 0 when there is none. */
  get highestNumber(): number {
    let highest = 0;
    for (const files of this.#files.values()) {
      for (const name of files.keys()) highest = Math.max(highest, Number(name.slice(1, 14)));
    }
    return highest;
  }

  get size(): { readonly files: number; readonly bytes: number } {
    let files = 0;
    let bytes = 0;
    for (const each of this.#files.values()) {
      files += each.size;
      for (const size of each.values()) bytes += size;
    }
    return { files, bytes };
  }

  paths(hourMs: number): readonly string[] {
    const folder = this.#folder(hourMs);
    return [...(this.#files.get(hourMs)?.keys() ?? [])].map((name) => join(folder, name));
  }

  /** Files with snapshots that began in `[sinceMs, untilMs)`, and perhaps others. */
  pathsBetween(sinceMs: number, untilMs: number): readonly string[] {
    return this.hours
      .filter((hour) => hour + HOUR_MS > sinceMs && hour < untilMs)
      .flatMap((hour) => this.paths(hour));
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
    const folder = this.#folder(hourMs);
    const replaced = paths.map((path) => path.slice(folder.length + 1));
    syncFile(join(folder, `${name}.tmp`));
    const intent: Intent = { written: name, replaced };
    writeFileSync(join(folder, `${INTENT}.tmp`), JSON.stringify(intent), { mode: 0o600 });
    publishFile(join(folder, `${INTENT}.tmp`), join(folder, INTENT));
    finish(folder);
    for (const file of replaced) this.#files.get(hourMs)?.delete(file);
    this.#add(hourMs, name);
  }

  /** Deletes an hour and all that is in it. */
  drop(hourMs: number): void {
    rmSync(this.#folder(hourMs), { recursive: true, force: true });
    this.#files.delete(hourMs);
    syncFolder(this.#root);
  }

  #add(hourMs: number, name: string): void {
    const files = this.#files.get(hourMs) ?? new Map<string, number>();
    files.set(name, statSync(join(this.#folder(hourMs), name)).size);
    this.#files.set(hourMs, files);
  }

  #folder(hourMs: number): string {
    return join(this.#root, `hour=${new Date(hourMs).toISOString().slice(0, 13)}`);
  }
}

/** Carries out the intent in the folder and removes what was never finished; can be done again at any point of it. */
function finish(folder: string): ReadonlySet<string> {
  const intent = readIntent(folder);
  if (intent !== null) {
    const path = join(folder, intent.written);
    if (existsSync(`${path}.tmp`)) renameSync(`${path}.tmp`, path);
    syncFolder(folder);
    for (const name of intent.replaced) rmSync(join(folder, name), { force: true });
    syncFolder(folder);
    unlinkSync(join(folder, INTENT));
    syncFolder(folder);
  }
  for (const name of readdirSync(folder)) if (name.endsWith(".tmp")) unlinkSync(join(folder, name));
  return new Set();
}

/** What does not count any more, or not yet, for one who only reads. */
function replacedIn(folder: string): ReadonlySet<string> {
  const intent = readIntent(folder);
  if (intent === null) return new Set();
  return new Set(existsSync(join(folder, intent.written)) ? intent.replaced : [intent.written]);
}

function readIntent(folder: string): Intent | null {
  const path = join(folder, INTENT);
  if (!existsSync(path)) return null;
  const value = JSON.parse(readFileSync(path, "utf8")) as Intent;
  // a name from the folder of data goes nowhere else
  if (![value.written, ...value.replaced].every((name) => FILE.test(name))) {
    throw new Error(`${path} names what is no file of the store`);
  }
  return value;
}
