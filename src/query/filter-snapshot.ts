import { NpmonError } from "../error/error.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { compileRowFilter, missingTags } from "./compile-row-filter.ts";
import type { Filter } from "./filter.ts";
import { formatFilter } from "./format-filter.ts";

/**
 * The saved snapshot with the rows that fit.
 * @throws NpmonError `usage` when the filter asks for tags that the rows do not have
 */
export function filterSnapshot(snapshot: Snapshot, filter: Filter): Snapshot {
  const missing = missingTags(filter, snapshot.group_by, snapshot.flows);
  if (missing.length > 0) {
    throw new NpmonError(
      "usage",
      `the saved snapshots are grouped by ${snapshot.group_by.join(", ")} and cannot be asked for ${missing.join(", ")}`,
      "Save with `npmon export --json --group-by flow` to be able to ask for anything afterwards.",
    );
  }
  const fits = compileRowFilter(filter);
  const terms = [snapshot.filter, formatFilter(filter)].filter((text) => text !== null);
  return Object.freeze({
    ...snapshot,
    filter: terms.length === 1 ? (terms[0] ?? null) : terms.map((text) => `(${text})`).join(" "),
    flows: Object.freeze(snapshot.flows.filter((row) => fits(row, snapshot.interval_ms))),
  });
}
