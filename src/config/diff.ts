import { createTwoFilesPatch } from "diff";

const CONTEXT_LINES = 2;

/** What changes, as `diff -u` says it; empty when nothing does. The ends of lines are those of the terminal. */
export function formatDiff(from: string, to: string, before: string, after: string): string {
  if (before === after) return "";
  const patch = createTwoFilesPatch(from, to, before, after, undefined, undefined, {
    context: CONTEXT_LINES,
  });
  return patch.replace(/^(?:Index: .*\n)?=+\n/, "").replaceAll("\r", "");
}
