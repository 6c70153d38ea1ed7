import type { ProcessFacts } from "./facts.ts";

export function tagCgroup(facts: ProcessFacts): string | null {
  return facts.cgroup;
}
