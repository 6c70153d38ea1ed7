import type { ProcessFacts } from "./facts.ts";

const DELETED = " (deleted)";

/** The path without the kernel's note that the file has since been replaced or removed. */
export function tagExe({ exe }: ProcessFacts): string | null {
  if (exe === null || exe === "") return null;
  return exe.endsWith(DELETED) ? exe.slice(0, -DELETED.length) : exe;
}
