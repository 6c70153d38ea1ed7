import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { NpmonError } from "../error/error.ts";
import { filesSql } from "./columns.ts";
import { Duck } from "./duckdb.ts";
import { Journal } from "./journal.ts";
import { KnownIds } from "./known-ids.ts";
import { Partitions } from "./partitions.ts";
import { ReadingStore } from "./reading-store.ts";
import type { Store } from "./store.ts";
import { WritingStore } from "./writing-store.ts";

export interface StoreOptions {
  readonly folder: string;
  /** Snapshots that began longer ago are deleted, by the hour, and not taken. */
  readonly retentionMs: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Only asks: nothing in the folder is touched, and what is still in the journal is not seen. */
  readonly readOnly?: boolean;
  /** Told in words of data that is damaged and was set aside. */
  readonly warn?: (message: string) => void;
}

/**
 * Opens the folder, makes it where there is none, and ends what a kill has left half done.
 * @throws NpmonError `store` when another intake has it or it cannot be used
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const folder = resolve(options.folder);
  try {
    if (!options.readOnly) return await openWriting(folder, options);
    if (!existsSync(join(folder, "flows"))) throw new Error("nothing is kept there");
    return new ReadingStore(await Duck.open(":memory:", null), join(folder, "flows"));
  } catch (cause) {
    if (cause instanceof NpmonError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const isTaken = /lock/i.test(reason);
    throw new NpmonError(
      "store",
      `cannot use ${folder}: ${isTaken ? "another intake has it" : reason}`,
      isTaken ? "One intake has a folder of its own." : "--data names the folder of an intake.",
      cause,
    );
  }
}

async function openWriting(folder: string, options: StoreOptions): Promise<Store> {
  const { now = Date.now, retentionMs, warn = () => {} } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const duck = await Duck.open(join(folder, "lock.duckdb"), join(folder, "spill"));
  try {
    const partitions = Partitions.open(join(folder, "flows"));
    const ids = new KnownIds();
    for (const hour of partitions.hours) await readIds(duck, partitions, hour, ids, warn);
    const { journal, left } = await Journal.open(
      join(folder, "journal"),
      Math.max(Date.now(), partitions.highestNumber + 1),
      ({ id, startMs }) => ids.add(id, startMs),
      (path, bytes) => warn(`${path}: ${bytes} bytes are damaged, it is kept as damaged-…`),
    );
    return new WritingStore({ duck, partitions, journal, left: [...left], ids, retentionMs, now, warn });
  } catch (error) {
    await duck.close();
    throw error;
  }
}

/** A file that cannot be read is set aside, so that the others can be. */
async function readIds(
  duck: Duck,
  partitions: Partitions,
  hourMs: number,
  ids: KnownIds,
  warn: (message: string) => void,
): Promise<void> {
  for (const path of partitions.data(hourMs).keys()) {
    try {
      const rows = await duck.all(
        `SELECT snapshot, epoch_ms("start")::DOUBLE AS at FROM ${filesSql([path])} WHERE snapshot IS NOT NULL`,
      );
      for (const row of rows) ids.add(String(row.snapshot), Number(row.at));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!/^(Invalid Input|IO|Conversion|Serialization|TProtocol)/i.test(reason)) throw error;
      warn(`${path}: cannot be read, is kept as damaged-…: ${reason}`);
      partitions.setAside(path, hourMs);
    }
  }
}
