import type { Filter } from "../query/filter.ts";
import type { GroupBy } from "../query/group-by.ts";

/** What snapshots are to answer; a running monitor can be asked another one. */
export interface Question {
  /** What makes a row. */
  readonly groupBy: GroupBy;
  /** Which flows count and which rows are given; `null`: all of them. */
  readonly filter: Filter | null;
}
