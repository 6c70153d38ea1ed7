import { filesSql, quoteText } from "./columns.ts";
import type { Duck } from "./duckdb.ts";
import { HOUR_MS, type Partitions } from "./partitions.ts";
import { EDGE_MS } from "./resolve-sql.ts";
import { missingSummaries, summarise } from "./summaries.ts";

/** Whoever reports every five minutes has reported an hour when it has been over for that long. */
const SETTLED_MS = 600_000;

/** An hour that still goes on is joined when it has that many small files. */
const MANY_FILES = 24;

/** Larger files are left as they are, so that a busy hour is not written again and again. */
const MAX_JOINED_BYTES = 256 * 1024 ** 2;

/** An hour with more data is asked as it is: its summary would take minutes. */
const MAX_SUMMARISED_BYTES = 1024 ** 3;

/**
 * Makes one file of the small ones of an hour.
 * @param waiting - names of segments that are not removed yet: their files may be made again
 * @returns whether there was something to do
 */
export async function joinHour(
  duck: Duck,
  partitions: Partitions,
  hourMs: number,
  { nowMs, waiting }: { readonly nowMs: number; readonly waiting: ReadonlySet<string> },
): Promise<boolean> {
  const chosen: string[] = [];
  let bytes = 0;
  const bySize = [...partitions.data(hourMs)].sort(([, a], [, b]) => a - b);
  for (const [path, size] of bySize) {
    if (waiting.has(path.slice(-"0000000000000.parquet".length, -".parquet".length))) continue;
    bytes += size;
    if (bytes > MAX_JOINED_BYTES) break;
    chosen.push(path);
  }
  const isSettled = hourMs + HOUR_MS + SETTLED_MS < nowMs;
  if (chosen.length < (isSettled ? 2 : MANY_FILES)) return false;
  const number = String(Math.max(Date.now(), partitions.highestNumber + 1));
  const file = `c${number.padStart(13, "0")}.parquet`;
  await duck.all(
    `COPY (SELECT * FROM ${filesSql(chosen)}) TO ${quoteText(partitions.prepare(hourMs, file))} (FORMAT parquet, COMPRESSION zstd)`,
  );
  partitions.replace(hourMs, file, chosen);
  return true;
}

/** Makes the summaries of an hour that is over, and over for the hours beside it too. */
export async function summariseHour(
  duck: Duck,
  partitions: Partitions,
  hourMs: number,
  nowMs: number,
): Promise<boolean> {
  if (hourMs + HOUR_MS + EDGE_MS + SETTLED_MS >= nowMs) return false;
  const data = partitions.data(hourMs);
  if (data.size === 0 || missingSummaries(partitions, hourMs).length === 0) return false;
  const bytes = [...data.values()].reduce((sum, size) => sum + size, 0);
  if (bytes > MAX_SUMMARISED_BYTES) return false;
  await summarise(duck, partitions, hourMs);
  return true;
}
