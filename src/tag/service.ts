import { tagContainer } from "./container.ts";
import { findVariable } from "./environ.ts";
import type { ProcessFacts } from "./facts.ts";
import { tagProcessName } from "./process.ts";
import { tagUnit } from "./unit.ts";

/** Longer names are cut here, counted in characters. */
const MAX_SERVICE_CHARACTERS = 200;

/** The environment variables that can name a service. */
export const SERVICE_VARIABLES = ["DD_SERVICE", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"] as const;

/** First come, first served. What is empty or only spaces counts as not said. */
const SOURCES: readonly ((facts: ProcessFacts) => string | null)[] = [
  (facts) => variable(facts, "DD_SERVICE"),
  (facts) => variable(facts, "OTEL_SERVICE_NAME"),
  (facts) => resourceAttribute(variable(facts, "OTEL_RESOURCE_ATTRIBUTES"), "service.name"),
  serviceOfUnit,
  tagContainer,
  tagProcessName,
];

export function tagService(facts: ProcessFacts): string | null {
  for (const source of SOURCES) {
    const name = cap(source(facts)?.trim() ?? "");
    if (name !== "") return name;
  }
  // a process named with spaces only is still a process with a name
  return tagProcessName(facts);
}

function variable({ environ }: ProcessFacts, name: (typeof SERVICE_VARIABLES)[number]): string | null {
  return environ === null ? null : findVariable(environ, name);
}

/** `service.name=shop,service.version=2`, values percent-encoded (OpenTelemetry resource SDK specification). */
function resourceAttribute(list: string | null, name: string): string | null {
  for (const pair of list?.split(",") ?? []) {
    const equals = pair.indexOf("=");
    if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
    const value = pair.slice(equals + 1);
    try {
      return decodeURIComponent(value);
    } catch {
      return value;
    }
  }
  return null;
}

/** Scopes and `user@N.service` hold whatever a person happens to run, so they name no service. */
function serviceOfUnit(facts: ProcessFacts): string | null {
  const unit = tagUnit(facts);
  if (unit === null || !unit.endsWith(".service") || /^user@\d+\.service$/.test(unit)) return null;
  return unit.slice(0, -".service".length);
}

function cap(text: string): string {
  if (text.length <= MAX_SERVICE_CHARACTERS) return text;
  return [...text.slice(0, 2 * MAX_SERVICE_CHARACTERS)].slice(0, MAX_SERVICE_CHARACTERS).join("");
}
