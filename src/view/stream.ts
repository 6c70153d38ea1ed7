import type { Snapshot } from "../snapshot/snapshot.ts";
import { Ledger } from "./ledger.ts";
import { buildTable, type TableOptions } from "./table.ts";

export interface StreamOptions extends Omit<TableOptions, "totals" | "width"> {
  /** The lines above a table and the names of its columns come again after so many tables; absent: never. */
  readonly headerEvery?: number | undefined;
}

/** One table after another: each call gives the text of the next, with totals since the first. */
export function createTableStream(options: StreamOptions): (snapshot: Snapshot) => string {
  const totals = new Ledger(null, { maxRows: 20_000, maxSampled: 0 });
  let given = 0;
  let widths: ReadonlyMap<string, number> = new Map();
  let names = "";
  return (snapshot) => {
    totals.advance(snapshot);
    const columns = snapshot.group_by.join();
    const isRepeated = options.headerEvery !== undefined && given % options.headerEvery === 0;
    // Other columns need their names; names that were never printed, because there was no row, are printed now.
    const isHeaded = given === 0 || isRepeated || (columns !== names && snapshot.flows.length > 0);
    const built = buildTable(
      snapshot,
      { ...options, totals },
      columns === names ? widths : new Map(),
      isHeaded,
    );
    const gap = given++ === 0 ? "" : "\n";
    widths = built.widths;
    if (snapshot.flows.length > 0) names = columns;
    return gap + built.text;
  };
}
