import { unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { mendSegment, setAside } from "./blocks.ts";
import { COUNTERS, quoteName, quoteText, REPORT_COLUMNS, STORED_COLUMNS, TAG_COLUMNS } from "./columns.ts";
import type { Duck } from "./duckdb.ts";
import { syncFolder } from "./durable.ts";
import type { Segment } from "./journal.ts";
import { HOUR_MS, type Partitions } from "./partitions.ts";
import { EDGE_MS } from "./resolve-sql.ts";

/** As `flattenSnapshot` writes them. */
const JOURNAL_COLUMNS: readonly (readonly [string, string])[] = [
  ["snapshot", "VARCHAR"],
  ["block_bytes", "BIGINT"],
  ["block_hash", "VARCHAR"],
  ...[...REPORT_COLUMNS.slice(1), ...TAG_COLUMNS].map(
    ({ name, type }) => [name, type === "TIMESTAMP" ? "BIGINT" : type] as const,
  ),
  ...COUNTERS.map((name) => [name, "BIGINT"] as const),
];

/** A segment with rows of so many hours is read once and not once an hour. */
const MANY_HOURS = 2;

/** An hour is left out when it is deleted already. */
export interface FlushOptions {
  readonly oldestMs: number;
  /** Told of a segment that had to be set aside, in words. */
  readonly warn: (message: string) => void;
}

/**
 * Makes Parquet of a segment and removes it. Done again after a kill it makes the same files. What DuckDB cannot read is
 * set aside as `damaged-…` in the folder of the journal; the snapshots in it that are whole are kept.
 */
export async function flushSegment(
  duck: Duck,
  partitions: Partitions,
  segment: Segment,
  options: FlushOptions,
): Promise<void> {
  try {
    await write(duck, partitions, segment, segment.hours, options.oldestMs);
  } catch (error) {
    const hours = mend(segment, error, options.warn);
    if (hours.size > 0) {
      try {
        await write(duck, partitions, segment, hours, options.oldestMs);
      } catch (again) {
        if (!isUnreadable(again)) throw again;
        setAside(segment.path, Buffer.alloc(0));
        options.warn(`${segment.path}: cannot be read, is kept as damaged-…: ${messageOf(again)}`);
      }
    }
  }
  unlinkSync(segment.path);
  syncFolder(dirname(segment.path));
}

/** The hours of what is whole. @throws the error again when it is not the segment's fault */
function mend({ path }: Segment, error: unknown, warn: (message: string) => void): ReadonlySet<number> {
  const { blocks, damagedBytes } = mendSegment(path);
  if (damagedBytes === 0 && !isUnreadable(error)) throw error;
  if (damagedBytes > 0) warn(`${path}: ${damagedBytes} bytes are damaged, it is kept as damaged-…`);
  return new Set(blocks.map(({ startMs }) => Math.floor(startMs / HOUR_MS) * HOUR_MS));
}

/** Of DuckDB: what is in the file, and not the disk or the memory. */
function isUnreadable(error: unknown): boolean {
  return /^(Invalid Input|Conversion|Invalid unicode|Out of Range)/i.test(messageOf(error));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function write(
  duck: Duck,
  partitions: Partitions,
  { name, path }: Segment,
  hours: ReadonlySet<number>,
  oldestMs: number,
): Promise<void> {
  const kept = [...hours].filter((hour) => hour >= oldestMs).sort((a, b) => a - b);
  const isShared = kept.length > MANY_HOURS;
  const from = isShared ? "segment" : `(${readSql(path)})`;
  if (isShared) await duck.all(`CREATE OR REPLACE TEMP TABLE segment AS ${readSql(path)}`);
  try {
    for (const hour of kept) {
      const file = `f${name}.parquet`;
      const inHour =
        hours.size === 1
          ? ""
          : ` WHERE "start" >= make_timestamp(${hour * 1000}) AND "start" < make_timestamp(${(hour + HOUR_MS) * 1000})`;
      await duck.all(
        `COPY (SELECT * FROM ${from}${inHour}) TO ${quoteText(partitions.prepare(hour, file))} (FORMAT parquet, COMPRESSION zstd)`,
      );
      await voidNeighbours(duck, partitions, hour, from);
      partitions.publish(hour, file);
    }
  } finally {
    if (isShared) await duck.all("DROP TABLE segment");
  }
}

/** The summaries of the hours beside this one have looked at its edges. */
async function voidNeighbours(
  duck: Duck,
  partitions: Partitions,
  hourMs: number,
  from: string,
): Promise<void> {
  const beside = [hourMs - HOUR_MS, hourMs + HOUR_MS].filter((hour) => partitions.hasSummaries(hour));
  if (beside.length === 0) return;
  const inHour = `"start" >= make_timestamp(${hourMs * 1000}) AND "start" < make_timestamp(${(hourMs + HOUR_MS) * 1000})`;
  const [range] = await duck.all(
    `SELECT epoch_ms(min("start"))::DOUBLE AS first, epoch_ms(max("start"))::DOUBLE AS last FROM ${from} WHERE ${inHour}`,
  );
  if (Number(range?.first) < hourMs + EDGE_MS) partitions.dropSummaries(hourMs - HOUR_MS);
  if (Number(range?.last) >= hourMs + HOUR_MS - EDGE_MS) partitions.dropSummaries(hourMs + HOUR_MS);
}

function readSql(path: string): string {
  const types = JOURNAL_COLUMNS.map(([name, type]) => `${quoteText(name)}: '${type}'`);
  const select = STORED_COLUMNS.map(({ name, type }) =>
    type === "TIMESTAMP"
      ? `make_timestamp(${quoteName(name)} * 1000) AS ${quoteName(name)}`
      : quoteName(name),
  );
  return `SELECT ${select.join(", ")} FROM read_csv(${quoteText(path)}, auto_detect = false, header = false, delim = '\t', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, columns = {${types.join(", ")}})`;
}
