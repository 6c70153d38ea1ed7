import type { ProcessFacts } from "./facts.ts";

export function tagPod({ pod }: ProcessFacts): string | null {
  return pod?.pod ?? null;
}

export function tagNamespace({ pod }: ProcessFacts): string | null {
  return pod?.namespace ?? null;
}

export function tagWorkload({ pod }: ProcessFacts): string | null {
  return pod?.workload ?? null;
}
