import type { TagValue } from "../flow/tags.ts";
import type { SnapshotFlow } from "../snapshot/snapshot.ts";
import type { Row } from "./row.ts";
import type { Align } from "./text.ts";

/** What a column holds; decides how it is formatted, how wide it is and what its heading adds. */
export type ColumnUnit = "text" | "number" | "bytes" | "bandwidth" | "count" | "duration" | "graph";

export interface Column {
  /** As typed after `--sort`. */
  readonly name: string;
  readonly heading: string;
  /** Heading where the column is too narrow for the full one. */
  readonly shortHeading: string;
  readonly unit: ColumnUnit;
  readonly align: Align;
  /** 0 stays to the last; the highest goes first when the screen is narrow. `null`: never shown, only sorted by. */
  readonly priority: number | null;
  /** Cells that are enough for most values; text columns may grow and shrink, the others keep it. */
  readonly width: number;
  /** For the help screen, a few words. */
  readonly meaning: string;
  /** A value above zero is something to look at. */
  readonly isTrouble: boolean;
  readonly value: (row: Row) => TagValue;
}

/** A number as the snapshot holds it, for CSV: exact, never scaled. */
export interface RawField {
  /** Path in the JSON of a row, with dots. */
  readonly path: string;
  readonly value: (flow: SnapshotFlow) => TagValue;
}
