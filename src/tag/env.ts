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
  fromVariable("DD_ENV"),
  // The first is the name since OpenTelemetry's semantic conventions 1.27.
  fromResource("deployment.environment.name"),
  fromResource("deployment.environment"),
  fromContainerLabel("com.datadoghq.tags.env"),
  fromPodLabel("tags.datadoghq.com/env"),
];

export function tagEnv(facts: ProcessFacts): string | null {
  return firstSaid(facts, SOURCES)?.value ?? null;
}
