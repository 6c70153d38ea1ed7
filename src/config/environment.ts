import type { Leaf } from "./schema.ts";
import { LEAVES } from "./schema.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a variable says for a key, in the form in which the file would. */
export interface VariableValue {
  readonly leaf: Leaf;
  readonly name: string;
  readonly value: unknown;
}

const TRUE = /^(?:1|t|true|y|yes|on)$/i;
const FALSE = /^(?:0|f|false|n|no|off)$/i;

/** The variables that are set, an empty one being as good as none. */
export function readEnvironment(environment: Environment): readonly VariableValue[] {
  return LEAVES.flatMap((leaf) => {
    const name = leaf.environment;
    const text = name === null ? undefined : environment[name];
    if (name === null || text === undefined || text === "") return [];
    return [{ leaf, name, value: toValue(text, leaf) }];
  });
}

/** Text that is none of the words stays text, and does not fit the schema then. */
function toValue(text: string, { facts }: Leaf): unknown {
  switch (facts.type) {
    case "boolean":
      return TRUE.test(text) ? true : FALSE.test(text) ? false : text;
    case "integer":
      return /^\d{1,15}$/.test(text) ? Number(text) : text;
    case "list":
      return text.split(",").map((item) => item.trim());
    default:
      return text;
  }
}
