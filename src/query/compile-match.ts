import type { TagValue } from "../flow/tags.ts";
import { compileNetwork } from "./address.ts";
import type { Match } from "./filter.ts";
import { compilePattern, equalsFolded, foldText } from "./pattern.ts";
import { type Quantity, quantityValue, type UnitFamily } from "./quantity.ts";

/** Whether a value fits. Keeps nothing and makes nothing when it is called, for it is called for every flow. */
export type Test = (value: TagValue) => boolean;

/** @param units - of the numbers in `values`; `none` for tags */
export function compileMatches(values: readonly Match[], units: UnitFamily): Test {
  const plain = values.flatMap((value) =>
    value.kind === "compare" && value.operator === "=" ? [quantityValue(value.quantity, units)] : [],
  );
  // a long list of ports or process ids is looked up, not walked through
  if (plain.length === values.length && plain.length > 4) {
    const wanted = new Set<TagValue>(plain);
    return (value) => wanted.has(value);
  }
  const tests = values.map((value) => compileMatch(value, units));
  const [first = never, second] = tests;
  if (second === undefined) return first;
  if (tests.length === 2) return (value) => first(value) || second(value);
  return (value) => {
    for (const test of tests) if (test(value)) return true;
    return false;
  };
}

export function compileMatch(match: Match, units: UnitFamily): Test {
  switch (match.kind) {
    case "known":
      return (value) => value !== null;
    case "text": {
      const folded = foldText(match.text);
      return (value) => typeof value === "string" && equalsFolded(value, folded);
    }
    case "pattern": {
      const fits = compilePattern(match.parts);
      return (value) => typeof value === "string" && fits(value);
    }
    case "network": {
      const holds = compileNetwork(match.network);
      return (value) => typeof value === "string" && holds(value);
    }
    case "compare":
      return compileComparison(match.operator, match.quantity, units);
    case "range": {
      const min = quantityValue(match.min, units);
      const max = quantityValue(match.max, units);
      return (value) => typeof value === "number" && value >= min && value <= max;
    }
  }
}

function compileComparison(operator: string, quantity: Quantity, units: UnitFamily): Test {
  const wanted = quantityValue(quantity, units);
  switch (operator) {
    case ">":
      return (value) => typeof value === "number" && value > wanted;
    case ">=":
      return (value) => typeof value === "number" && value >= wanted;
    case "<":
      return (value) => typeof value === "number" && value < wanted;
    case "<=":
      return (value) => typeof value === "number" && value <= wanted;
    default:
      return (value) => value === wanted;
  }
}

function never(): boolean {
  return false;
}
