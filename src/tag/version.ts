import type { ProcessFacts } from "./facts.ts";
import {
  firstSaid,
  fromContainerLabel,
  fromPodLabel,
  fromResource,
  fromVariable,
  type Source,
} from "./saying.ts";

const SOURCES: readonly Source[] = [
  fromVariable("DD_VERSION"),
  fromResource("service.version"),
  fromContainerLabel("com.datadoghq.tags.version"),
  fromPodLabel("tags.datadoghq.com/version"),
  fromPodLabel("app.kubernetes.io/version"),
];

export function tagVersion(facts: ProcessFacts): string | null {
  return firstSaid(facts, SOURCES)?.value ?? null;
}
