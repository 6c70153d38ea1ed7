import { existsSync, mkdirSync, statSync, unlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { NpmonError } from "../error/error.ts";
import { compileMatch } from "../query/compile-match.ts";
import type { Filter } from "../query/filter.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { makeAnswer } from "./answer.ts";
import { quoteName, STORED_COLUMNS } from "./columns.ts";
import { networkTerms } from "./compile-sql.ts";
import { Duck } from "./duckdb.ts";
import { syncFolder } from "./durable.ts";
import { flattenSnapshot } from "./flatten.ts";
import { Journal, type Segment } from "./journal.ts";
import { HOUR_MS, Partitions } from "./partitions.ts";
import { filesSql, questionSql } from "./question-sql.ts";
import { MAX_ANSWER_ROWS, type PutResult, type Store, type StoreAnswer, type StoreQuery } from "./store.ts";

export interface StoreOptions {
  readonly folder: string;
  /** Snapshots that began longer ago are deleted, by the hour, and not taken. */
  readonly retentionMs: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Only asks: nothing in the folder is touched, and what is still in the journal is not seen. */
  readonly readOnly?: boolean;
}

/** A clock may be that much ahead. */
const MAX_AHEAD_MS = HOUR_MS;

/** An hour is joined into one file when it has been over for that long, or has that many files. */
const SETTLED_MS = 600_000;
const MANY_FILES = 24;

/** With more waiting to become Parquet, nothing is taken. */
const MAX_JOURNAL_BYTES = 1024 ** 3;

/** Shorter segments wait for the next {@link Store.maintain}. */
const SEGMENT_BYTES = 64 * 1024 ** 2;

/**
 * Opens the folder, makes it where there is none, and ends what a kill has left half done.
 * @throws NpmonError `store` when another intake has it or it cannot be used
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const folder = resolve(options.folder);
  try {
    if (options.readOnly) {
      if (!existsSync(join(folder, "flows"))) throw new Error("nothing is kept there");
      const duck = await Duck.open(":memory:", null);
      return new DuckStore(duck, Partitions.open(join(folder, "flows"), { readOnly: true }), null, options);
    }
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const duck = await Duck.open(join(folder, "lock.duckdb"), join(folder, "spill"));
    const partitions = Partitions.open(join(folder, "flows"));
    const ids = new Ids();
    const { journal, left } = await Journal.open(
      join(folder, "journal"),
      Math.max(Date.now(), partitions.highestNumber + 1),
      ({ id, startMs }) => ids.add(id, startMs),
    );
    const store = new DuckStore(duck, partitions, { journal, left: [...left], ids }, options);
    await store.readIds();
    return store;
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

/** Which snapshots are here, by the hour, so that they go with it. */
class Ids {
  readonly #hours = new Map<number, Set<string>>();
  size = 0;

  has(id: string): boolean {
    for (const ids of this.#hours.values()) if (ids.has(id)) return true;
    return false;
  }

  add(id: string, startMs: number): void {
    const hour = hourOf(startMs);
    const ids = this.#hours.get(hour) ?? new Set();
    this.#hours.set(hour, ids);
    if (!ids.has(id)) this.size++;
    ids.add(id);
  }

  remove(id: string, startMs: number): void {
    if (this.#hours.get(hourOf(startMs))?.delete(id)) this.size--;
  }

  dropBefore(hourMs: number): void {
    for (const [hour, ids] of this.#hours) {
      if (hour >= hourMs) continue;
      this.size -= ids.size;
      this.#hours.delete(hour);
    }
  }
}

function hourOf(ms: number): number {
  return Math.floor(ms / HOUR_MS) * HOUR_MS;
}

interface Writing {
  readonly journal: Journal;
  readonly left: Segment[];
  readonly ids: Ids;
}

class DuckStore implements Store {
  readonly #duck: Duck;
  readonly #partitions: Partitions;
  readonly #writing: Writing | null;
  readonly #retentionMs: number;
  readonly #now: () => number;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(duck: Duck, partitions: Partitions, writing: Writing | null, options: StoreOptions) {
    this.#duck = duck;
    this.#partitions = partitions;
    this.#writing = writing;
    this.#retentionMs = options.retentionMs;
    this.#now = options.now ?? Date.now;
  }

  async readIds(): Promise<void> {
    const { ids } = this.#writer;
    for (const hour of this.#partitions.hours) {
      const rows = await this.#duck.all(
        `SELECT snapshot, epoch_ms("start")::DOUBLE AS at FROM ${filesSql(this.#partitions.paths(hour))} WHERE kind = 'snapshot'`,
      );
      for (const row of rows) ids.add(String(row.snapshot), Number(row.at));
    }
  }

  async put(snapshots: readonly Snapshot[]): Promise<PutResult> {
    const { journal, ids, left } = this.#writer;
    if (left.reduce((sum, { bytes }) => sum + bytes, journal.bytes) > MAX_JOURNAL_BYTES) {
      throw new NpmonError("store", "more waits to be stored than can be", "It is taken again in a while.");
    }
    const now = this.#now();
    const oldest = hourOf(now - this.#retentionMs);
    const taken: { readonly id: string; readonly startMs: number }[] = [];
    const duplicate: string[] = [];
    const refused: { id: string; message: string }[] = [];
    let text = "";
    for (const snapshot of snapshots) {
      const startMs = Date.parse(snapshot.start);
      const id = snapshot.id.toLowerCase();
      const message = misfit(startMs, Date.parse(snapshot.end), oldest, now);
      if (message !== null) refused.push({ id: snapshot.id, message });
      else if (ids.has(id)) duplicate.push(snapshot.id);
      else {
        ids.add(id, startMs);
        taken.push({ id: snapshot.id, startMs });
        text += flattenSnapshot(snapshot);
      }
    }
    try {
      if (taken.length > 0) await journal.append(text);
      // what somebody else has sent a moment ago is on its way to the disk
      else if (duplicate.length > 0) await journal.settled();
    } catch (error) {
      for (const { id, startMs } of taken) ids.remove(id.toLowerCase(), startMs);
      throw error;
    }
    // another sender's copy may have failed meanwhile
    if (duplicate.some((id) => !ids.has(id.toLowerCase()))) {
      throw new NpmonError("store", "a snapshot sent twice at once could not be written", "Send it again.");
    }
    if (journal.bytes > SEGMENT_BYTES) void this.#inTurn(() => this.#flush()).catch(() => {});
    return { accepted: taken.map(({ id }) => id), duplicate, refused };
  }

  query(query: StoreQuery): Promise<StoreAnswer> {
    return this.#inTurn(async () => {
      if (this.#writing !== null) await this.#flush();
      const files = this.#partitions.pathsBetween(query.sinceMs, query.untilMs);
      if (files.length === 0) return makeAnswer(query, [], [], []);
      const fitting = await this.#fitting(query.filter, files);
      const question = questionSql(query, files, fitting, MAX_ANSWER_ROWS + 1);
      const rows = await this.#duck.all(question.text, question.values);
      const reports = await this.#duck.all(
        `SELECT host, sum(lost)::DOUBLE AS lost FROM ${filesSql(files)} WHERE kind = 'snapshot' AND "start" >= make_timestamp($1::BIGINT) AND "start" < make_timestamp($2::BIGINT) GROUP BY host ORDER BY host`,
        [query.sinceMs * 1000, query.untilMs * 1000],
      );
      return makeAnswer(query, question.columns, rows, reports);
    });
  }

  maintain(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#flush();
      const now = this.#now();
      const oldest = hourOf(now - this.#retentionMs);
      for (const hour of this.#partitions.hours) {
        const files = this.#partitions.paths(hour);
        if (hour < oldest) this.#partitions.drop(hour);
        else if (files.length >= MANY_FILES || (files.length > 1 && hour + HOUR_MS + SETTLED_MS < now)) {
          await this.#join(hour, files);
        }
      }
      this.#writer.ids.dropBefore(oldest);
    });
  }

  status() {
    const { files, bytes } = this.#partitions.size;
    const left = this.#writing?.left ?? [];
    const journalBytes = left.reduce(
      (sum, segment) => sum + segment.bytes,
      this.#writing?.journal.bytes ?? 0,
    );
    return { snapshots: this.#writing?.ids.size ?? 0, files, bytes, journalBytes };
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#writing?.journal.close();
    await this.#duck.close();
  }

  get #writer(): Writing {
    if (this.#writing === null) throw new NpmonError("store", "the store is only read");
    return this.#writing;
  }

  /** What looks at files or changes them is done one after another. */
  #inTurn<Value>(action: () => Promise<Value>): Promise<Value> {
    const result = this.#turn.then(action);
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Makes Parquet of the journal. Done again after a kill it makes the same files. */
  async #flush(): Promise<void> {
    const { journal, left } = this.#writer;
    const sealed = await journal.seal();
    if (sealed !== null) left.push(sealed);
    for (let segment = left[0]; segment !== undefined; segment = left[0]) {
      await this.#store(segment);
      unlinkSync(segment.path);
      syncFolder(join(segment.path, ".."));
      left.shift();
    }
  }

  async #store({ name, path }: Segment): Promise<void> {
    const types = STORED_COLUMNS.map(({ name: column, type }) => {
      const read = type === "TIMESTAMP" ? "BIGINT" : type;
      return `${quoteName(column)}: '${read}'`;
    });
    const select = STORED_COLUMNS.map(({ name: column, type }) =>
      type === "TIMESTAMP"
        ? `make_timestamp(${quoteName(column)} * 1000) AS ${quoteName(column)}`
        : quoteName(column),
    );
    await this.#duck.all(
      `CREATE OR REPLACE TEMP TABLE segment AS SELECT ${select.join(", ")} FROM read_json('${quotePath(path)}', format = 'newline_delimited', maximum_object_size = 8388608, columns = {${types.join(", ")}})`,
    );
    const hours = await this.#duck.all(
      `SELECT DISTINCT epoch_ms(date_trunc('hour', "start"))::DOUBLE AS hour FROM segment`,
    );
    for (const { hour } of hours) {
      const hourMs = Number(hour);
      const file = `f${name}.parquet`;
      await this.#copy(
        `SELECT * FROM segment WHERE date_trunc('hour', "start") = make_timestamp(${hourMs * 1000})`,
        this.#partitions.prepare(hourMs, file),
      );
      this.#partitions.publish(hourMs, file);
    }
    await this.#duck.all("DROP TABLE segment");
  }

  async #join(hourMs: number, files: readonly string[]): Promise<void> {
    const number = String(Math.max(Date.now(), this.#partitions.highestNumber + 1));
    const file = `c${number.padStart(13, "0")}.parquet`;
    await this.#copy(`SELECT * FROM ${filesSql(files)}`, this.#partitions.prepare(hourMs, file));
    this.#partitions.replace(hourMs, file, files);
  }

  async #copy(select: string, path: string): Promise<void> {
    await this.#duck.all(
      `COPY (${select} ORDER BY kind DESC, "source.service", "destination.service") TO '${quotePath(path)}' (FORMAT parquet, COMPRESSION zstd)`,
    );
    if (statSync(path).size === 0) throw new NpmonError("store", `${path} is empty`);
  }

  async #fitting(
    filter: Filter | null,
    files: readonly string[],
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    const found = new Map<string, readonly string[]>();
    for (const [network, tags] of filter === null ? [] : networkTerms(filter)) {
      const fits = compileMatch({ kind: "network", network }, "none");
      const columns = [...tags].flatMap((tag) => [`source.${tag}`, `destination.${tag}`]).map(quoteName);
      const distinct = columns.map((column) => `SELECT DISTINCT ${column} AS v FROM ${filesSql(files)}`);
      const rows = await this.#duck.all(distinct.join(" UNION "));
      const values = rows.flatMap(({ v }) => (typeof v === "string" && fits(v) ? [v] : []));
      // an empty list has no type
      found.set(network, values.length === 0 ? [""] : values);
    }
    return found;
  }
}

function quotePath(path: string): string {
  return path.replaceAll("'", "''");
}

function misfit(startMs: number, endMs: number, oldest: number, now: number): string | null {
  if (!(startMs >= oldest)) return "start: older than what is kept here";
  if (!(startMs <= now + MAX_AHEAD_MS)) return "start: in the future; is the clock of that host right?";
  return endMs >= startMs && endMs <= now + 25 * HOUR_MS ? null : "end: before the start, or in the future";
}
