import type { FlowTag } from "../flow/tags.ts";
import { findMeasure } from "./measures.ts";
import { FITTING_QUANTITIES, type UnitFamily } from "./quantity.ts";
import { echoInput } from "./quote.ts";
import { type AskedTag, tagKind } from "./tag-names.ts";

/** What stands before the colon of a term, and so what can stand behind it; `name` is as messages write it. */
export type Subject =
  | { readonly kind: "text" | "address" | "network"; readonly name: string }
  | { readonly kind: "choice"; readonly name: string; readonly choices: readonly string[] }
  | { readonly kind: "number"; readonly name: string; readonly units: UnitFamily; readonly max: number };

/** All values that a tag of the flow has. */
export const FLOW_TAG_VALUES: Readonly<Record<FlowTag, readonly string[]>> = {
  protocol: ["tcp", "udp"],
  direction: ["outgoing", "incoming", "none"],
  family: ["ipv4", "ipv6"],
};

const MAX_PORT = 65_535;

/** @param typed - the name as it was typed */
export function tagSubject(asked: AskedTag, typed: string): Subject {
  const name = echoInput(typed);
  if (asked.end === "flow") return { kind: "choice", name, choices: FLOW_TAG_VALUES[asked.tag] };
  const kind = tagKind(asked.tag);
  if (kind !== "number") return { kind, name };
  return {
    kind,
    name,
    units: "none",
    max: asked.tag === "port" ? MAX_PORT : Number.MAX_SAFE_INTEGER,
  };
}

export function measureSubject(name: string): Subject {
  const units = findMeasure(name)?.units ?? "count";
  return { kind: "number", name, units, max: Number.POSITIVE_INFINITY };
}

/** What would fit behind the colon. */
export function fittingValue(subject: Subject): string {
  switch (subject.kind) {
    case "text":
      return 'a value such as web, web* or "web server", or * for any';
    case "choice":
      return subject.choices.join(" or ");
    case "address":
      return "an address such as 10.0.0.1 or fe80::1, a network such as 10.0.0.0/8, or 10.*";
    case "network":
      return "a network such as 10.0.0.0/8, which stands for all within it, or 10.*";
    case "number":
      if (subject.max === MAX_PORT) return "a port from 0 to 65535, >1024 or [8000 TO 8999]";
      if (subject.units === "none") return "a whole number, >1000 or [1000 TO 1999]";
      return `${FITTING_QUANTITIES[subject.units]}, usually with > or < before it`;
  }
}
