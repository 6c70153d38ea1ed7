import { setTimeout } from "node:timers/promises";
import { NpmonError } from "../error/error.ts";
import { ask } from "./ask.ts";
import type { Duck } from "./duckdb.ts";
import { Partitions } from "./partitions.ts";
import type { PutResult, Store, StoreAnswer, StoreQuery, StoreStatus } from "./store.ts";

/** An intake may join or delete files while they are read; then they are looked for anew. */
const ATTEMPTS = 8;
const PAUSE_MS = 50;

/** Asks a folder, also one that an intake is using, and changes nothing in it. */
export class ReadingStore implements Store {
  readonly #duck: Duck;
  readonly #root: string;

  /** @param root - the folder of the Parquet files */
  constructor(duck: Duck, root: string) {
    this.#duck = duck;
    this.#root = root;
  }

  query(query: StoreQuery): Promise<StoreAnswer> {
    return this.#read((partitions) => ask(this.#duck, partitions, query));
  }

  async #read<Value>(look: (partitions: Partitions) => Promise<Value>): Promise<Value> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await look(Partitions.open(this.#root, { readOnly: true }));
      } catch (error) {
        if (attempt === ATTEMPTS || !isGone(error)) throw error;
        await setTimeout(PAUSE_MS * attempt);
      }
    }
  }

  put(): Promise<PutResult> {
    return Promise.reject(onlyRead());
  }

  maintain(): Promise<void> {
    return Promise.reject(onlyRead());
  }

  status(): StoreStatus {
    const { files, bytes, damaged } = Partitions.open(this.#root, { readOnly: true }).size;
    return { snapshots: 0, files, bytes, journalBytes: 0, damaged };
  }

  close(): Promise<void> {
    return this.#duck.close();
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && /no files found|no such file|cannot open|ENOENT/i.test(error.message);
}

function onlyRead(): NpmonError {
  return new NpmonError("store", "the store is only read");
}
