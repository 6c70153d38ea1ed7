import type { TagValue } from "../../flow/tags.ts";

/** A tag of a row and the value it has there; `tag` as in the snapshot's `group_by`, `source.service`. */
export interface Fixed {
  readonly tag: string;
  readonly value: TagValue;
}

/** Only flows with all these values, or, when excluded, all but those. What is not known is `null` and matches itself. */
export interface Pin {
  readonly values: readonly Fixed[];
  readonly isExcluded: boolean;
}

/** What the snapshots on the screen answer. */
export interface Question {
  /** As in the snapshot's `group_by`. */
  readonly groupBy: readonly string[];
  /** In the language of `--filter`; empty for none. */
  readonly filter: string;
  /** What the reader chose by pointing at rows. */
  readonly pins: readonly Pin[];
  readonly intervalMs: number;
}

/** Whether something can be asked; if not, why, and at which character of the text, from 1, where that is known. */
export type Verdict =
  | { readonly isFit: true }
  | { readonly isFit: false; readonly message: string; readonly column: number | null };

export const FIT: Verdict = { isFit: true };

/** Who answers questions: the monitor, or a recording. The view asks; the answers come among the snapshots. */
export interface QuestionPort {
  /** Endpoint tags that rows can be grouped by here, without `source.` or `destination.`, in the order to offer them. */
  readonly tags: () => readonly string[];
  /** Says of a text whether it is a filter; pure. `null` when filters cannot be typed here. */
  readonly checkFilter: ((text: string) => Verdict) | null;
  /** Asks from now on. When it does not fit, the old question stays. */
  readonly ask: (question: Question) => Verdict;
}
