import { ENDPOINT_TAGS, FLOW_TAGS } from "../flow/tags.ts";
import { COUNTERS, filesSql, quoteName, quoteText, REPORT_COLUMNS, TAG_COLUMNS } from "./columns.ts";
import type { Duck } from "./duckdb.ts";
import { HOUR_MS, type Partitions } from "./partitions.ts";
import { type RawHours, resolvedSql } from "./resolve-sql.ts";

export const BUCKET_MS = 300_000;

/** The rows of an hour added up: one for all that have the same tags and began in the same piece of time. */
export interface SummaryLevel {
  /** With which its files begin. */
  readonly letter: string;
  readonly grainMs: number;
  /** Stored columns of tags. */
  readonly columns: ReadonlySet<string>;
}

/** Tags that differ from one connection, container or client to the next; user's tags can be anything. */
const FINE_TAGS: ReadonlySet<string> = new Set([
  "ip",
  "port",
  "pid",
  "domain",
  "netns",
  "container",
  "container_id",
  "cgroup",
  "pod",
]);

const ALL: ReadonlySet<string> = new Set(TAG_COLUMNS.map(({ name }) => name));

/** Where something runs: of many hosts alike these are what tells their rows apart. */
const PLACE_TAGS: ReadonlySet<string> = new Set(["host", "subnet", "range", "exe"]);

const columnsWithout = (left: (tag: string) => boolean): ReadonlySet<string> =>
  new Set([
    ...["source", "destination"].flatMap((end) =>
      ENDPOINT_TAGS.filter((tag) => !left(tag)).map((tag) => `${end}.${tag}`),
    ),
    ...FLOW_TAGS,
  ]);

export const BY_HOUR_ALL: SummaryLevel = { letter: "s", grainMs: HOUR_MS, columns: ALL };
export const BY_HOUR: SummaryLevel = {
  letter: "t",
  grainMs: HOUR_MS,
  columns: columnsWithout((tag) => FINE_TAGS.has(tag)),
};
export const BY_BUCKET: SummaryLevel = {
  letter: "b",
  grainMs: BUCKET_MS,
  columns: columnsWithout((tag) => FINE_TAGS.has(tag) || PLACE_TAGS.has(tag)),
};

const LEVELS = [BY_HOUR_ALL, BY_HOUR, BY_BUCKET] as const;

/** Letters of the levels of which an hour has no valid file. */
export function missingSummaries(partitions: Partitions, hourMs: number): readonly SummaryLevel[] {
  return LEVELS.filter(({ letter }) => partitions.summary(hourMs, letter) === null);
}

/** The data of the hours and of those beside them. */
export function rawHours(partitions: Partitions, hours: readonly number[]): RawHours {
  const own = new Set(hours);
  const beside = new Set(hours.flatMap((hour) => [hour - HOUR_MS, hour + HOUR_MS]));
  const paths = (hour: number) => [...partitions.data(hour).keys()];
  return {
    files: hours.flatMap(paths),
    edgeFiles: [...beside].filter((hour) => !own.has(hour)).flatMap(paths),
  };
}

/** Makes the files that an hour lacks. They are of exactly the data that is there when this begins. */
export async function summarise(duck: Duck, partitions: Partitions, hourMs: number): Promise<void> {
  const raw = rawHours(partitions, [hourMs]);
  for (const level of missingSummaries(partitions, hourMs)) {
    const name = partitions.summaryName(hourMs, level.letter);
    // the coarser one of the finer: it has a tenth of the rows
    const finer = level === BY_HOUR ? partitions.summary(hourMs, BY_HOUR_ALL.letter) : null;
    const flows =
      finer === null
        ? `WITH ${resolvedSql(raw, level.columns, true)} SELECT ${sumsSql(level, "resolved")}`
        : `SELECT ${sumsSql(level, `(SELECT * FROM ${filesSql([finer])} WHERE snapshot IS NULL)`)}`;
    const reports = `SELECT ${REPORT_COLUMNS.map((column) => quoteName(column.name)).join(", ")} FROM ${filesSql(raw.files)} WHERE snapshot IS NOT NULL`;
    const path = partitions.prepare(hourMs, name);
    await duck.all(
      `COPY (SELECT * FROM (${reports}) UNION ALL BY NAME SELECT * FROM (${flows}) ORDER BY snapshot, "source.service", "destination.service")
      TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    partitions.publish(hourMs, name);
  }
}

function sumsSql({ grainMs, columns }: SummaryLevel, from: string): string {
  const grainUs = grainMs * 1000;
  const names = [...columns].map(quoteName);
  // no sum of an answer is larger, so that a larger one here changes none
  const sums = COUNTERS.map(
    (name) => `least(coalesce(sum(${name}), 0), ${Number.MAX_SAFE_INTEGER})::BIGINT AS ${name}`,
  );
  const start = `make_timestamp((epoch_us("start") // ${grainUs}) * ${grainUs})`;
  const groups = ["1", ...names, "twice"];
  return `${[`${start} AS "start"`, ...names, "twice", ...sums].join(", ")} FROM ${from} GROUP BY ${groups.join(", ")}`;
}
