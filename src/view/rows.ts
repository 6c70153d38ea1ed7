import { NpmonError } from "../error/error.ts";
import type { TagValue } from "../flow/tags.ts";
import type { Snapshot, SnapshotFlow } from "../snapshot/snapshot.ts";
import type { Column } from "./column.ts";
import { snapshotColumns } from "./columns.ts";
import type { Ledger } from "./ledger.ts";
import { type Row, type RowPhase, rowKeys } from "./row.ts";
import { formatSafe } from "./text.ts";

/** The order of a snapshot: most bytes, both directions together, first. */
export const DEFAULT_SORT = "-traffic";

export interface Sort {
  readonly column: Column;
  readonly isDescending: boolean;
}

export interface RowOptions {
  /** Column name, `-` before it for descending; {@link DEFAULT_SORT} when absent. */
  readonly sort?: string | undefined;
  /** At most this many rows. */
  readonly rows?: number | undefined;
  /** Running totals, this snapshot included; when absent a row's totals are those of the snapshot alone. */
  readonly totals?: Pick<Ledger, "find"> | undefined;
}

const collator = new Intl.Collator("en", { numeric: true });

/**
 * Finds the column that `sort` names among those that rows grouped by `groupBy` have.
 * @throws NpmonError `usage` when there is none
 */
export function parseSort(sort: string, groupBy: readonly string[]): Sort {
  const isDescending = sort.startsWith("-");
  const name = isDescending ? sort.slice(1) : sort;
  const columns = snapshotColumns(groupBy);
  const column = columns.find((candidate) => candidate.name === name);
  if (column === undefined) {
    const names = columns.map((candidate) => formatSafe(candidate.name)).join(", ");
    throw new NpmonError(
      "usage",
      `--sort: there is no column "${formatSafe(name)}"`,
      `Use one of ${names}; put - before the name to sort descending.`,
    );
  }
  return { column, isDescending };
}

/** The rows of a snapshot as they are shown. Rows that tie are ordered by key, so that they keep their place. */
export function selectRows(snapshot: Snapshot, options: RowOptions = {}): readonly Row[] {
  const { column, isDescending } = parseSort(options.sort ?? DEFAULT_SORT, snapshot.group_by);
  const keys = rowKeys(snapshot);
  const sortable = snapshot.flows.map((flow, index) => {
    const row = createRow(keys[index] ?? "", flow, snapshot.interval_ms, options.totals);
    return { row, value: column.value(row) };
  });
  sortable.sort(
    (a, b) => compareValues(a.value, b.value, isDescending ? -1 : 1) || compareKeys(a.row.key, b.row.key),
  );
  return sortable.slice(0, options.rows).map(({ row }) => row);
}

export function createRow(
  key: string,
  flow: SnapshotFlow,
  intervalMs: number,
  totals: Pick<Ledger, "find"> | undefined,
  phase: RowPhase = "steady",
): Row {
  const record = totals?.find(key);
  return {
    key,
    flow,
    intervalMs,
    sentTotal: record?.sent ?? flow.bytes_sent,
    receivedTotal: record?.received ?? flow.bytes_received,
    phase,
  };
}

/** What is not known comes last in either direction: nobody sorts to read about it first. */
export function compareValues(a: TagValue, b: TagValue, sign: 1 | -1): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (typeof a === "number" && typeof b === "number") return (a - b) * sign;
  return collator.compare(String(a), String(b)) * sign;
}

export function compareKeys(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
