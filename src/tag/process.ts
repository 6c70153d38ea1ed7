import type { ProcessFacts } from "./facts.ts";

/** A process can call itself nothing at all; that is no name. */
export function tagProcessName(facts: ProcessFacts): string | null {
  return facts.comm === "" ? null : facts.comm;
}
