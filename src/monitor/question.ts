import type { Grouping } from "../aggregate/group.ts";

/** What snapshots are to answer; a running monitor can be asked another one. */
export interface Question {
  /** Which row a flow belongs to and whether it counts at all. It holds its rows: one grouping for one question. */
  readonly grouping: Grouping;
  /** What counts, in words, as in the snapshot's `filter`; `null` when every flow does. */
  readonly filter: string | null;
}
