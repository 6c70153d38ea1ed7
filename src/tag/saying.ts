import { findVariable } from "./environ.ts";
import type { ProcessFacts } from "./facts.ts";

/** One place where somebody may have said what a process is: what to call the place, and what stands there. */
export interface Source {
  readonly name: string;
  readonly value: (facts: ProcessFacts) => string | null;
}

/** What was said, and where. */
export interface Saying {
  readonly value: string;
  readonly source: string;
}

/** Longer values are cut here, counted in characters. */
const MAX_CHARACTERS = 200;

/** Environment variables that say something of a process; the rest of its environment is not kept. */
export const VARIABLES = [
  "DD_SERVICE",
  "DD_ENV",
  "DD_VERSION",
  "OTEL_SERVICE_NAME",
  "OTEL_RESOURCE_ATTRIBUTES",
] as const;

/** First come, first served. What is empty or only spaces counts as not said. */
export function firstSaid(facts: ProcessFacts, sources: readonly Source[]): Saying | null {
  for (const { name, value } of sources) {
    const said = cap(value(facts)?.trim() ?? "");
    if (said !== "") return { value: said, source: name };
  }
  return null;
}

export function fromVariable(name: (typeof VARIABLES)[number]): Source {
  return { name, value: (facts) => variable(facts, name) };
}

/** An attribute of `OTEL_RESOURCE_ATTRIBUTES`. */
export function fromResource(attribute: string): Source {
  return {
    name: `OTEL_RESOURCE_ATTRIBUTES ${attribute}`,
    value: (facts) => resourceAttribute(variable(facts, "OTEL_RESOURCE_ATTRIBUTES"), attribute),
  };
}

export function fromContainerLabel(label: string): Source {
  return { name: `container label ${label}`, value: ({ container }) => own(container?.labels, label) };
}

export function fromPodLabel(label: string): Source {
  return { name: `pod label ${label}`, value: ({ pod }) => own(pod?.labels, label) };
}

function own(labels: Readonly<Record<string, string>> | undefined, label: string): string | null {
  return labels !== undefined && Object.hasOwn(labels, label) ? (labels[label] ?? null) : null;
}

function variable({ environ }: ProcessFacts, name: (typeof VARIABLES)[number]): string | null {
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

function cap(text: string): string {
  if (text.length <= MAX_CHARACTERS) return text;
  return [...text.slice(0, 2 * MAX_CHARACTERS)].slice(0, MAX_CHARACTERS).join("");
}
