import { describeNotes } from "../status.ts";
import { formatSafe } from "../text.ts";
import { formatPin } from "./drill.ts";
import type { TuiState } from "./state.ts";

/**
 * The way from all rows to those on the screen, what else narrows them, and why the tier is no better; empty when there
 * is nothing to say.
 */
export function describeContext({ shown, question }: Pick<TuiState, "shown" | "question">): string {
  if (shown === null) return "";
  const pins = question?.pins ?? [];
  if (pins.length === 0) return describeNotes(shown).join("  ");
  const way = ["all", ...pins.map(formatPin)].map(formatSafe).join(" › ");
  const filter = question?.filter ?? "";
  const notes = describeNotes({ ...shown, filter: filter === "" ? null : filter });
  return [way, ...notes].join("  ");
}
