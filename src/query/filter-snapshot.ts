import { NpmonError } from "../error/error.ts";
import { isWholeView } from "../flow/tags.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { compileRowFilter, missingTags } from "./compile-row-filter.ts";
import { allOf, type Filter } from "./filter.ts";
import { formatFilter } from "./format-filter.ts";
import { parseFilter } from "./parse-filter.ts";
import { createTagNames, isTagName, type TagNames } from "./tag-names.ts";

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
  return Object.freeze({
    ...snapshot,
    filter: narrowed(snapshot, filter),
    flows: Object.freeze(snapshot.flows.filter((row) => fits(row, snapshot.interval_ms))),
  });
}

/** What can be asked of a saved snapshot: with the tags that were defined where it was made, as far as its rows tell. */
export function namesOfSnapshot({ group_by, flows }: Snapshot): TagNames {
  const [first] = flows;
  const ungrouped = isWholeView(group_by) ? { ...first?.source, ...first?.destination } : {};
  const grouped = group_by.map((ref) => ref.slice(ref.indexOf(".") + 1));
  return createTagNames([...Object.keys(ungrouped), ...grouped].filter(isTagName));
}

/** The filter that the snapshot was made with and this one, as one. */
function narrowed(snapshot: Snapshot, filter: Filter): string {
  if (snapshot.filter === null) return formatFilter(filter);
  try {
    const saved = parseFilter(snapshot.filter, { names: namesOfSnapshot(snapshot) });
    return formatFilter(saved === null ? filter : allOf([saved, filter]));
  } catch {
    // of another version of npmon, or with tags that only the filter named
    return `(${snapshot.filter}) ${formatFilter(filter)}`;
  }
}
