import * as z from "zod";
import { isBlock, KEYS, type KeyFacts, keysOf } from "./key.ts";
import { NPMON } from "./npmon.ts";
import { NETWORK_CONFIG, SYSTEM_PROBE } from "./system-probe.ts";

/** The whole of system-probe.yaml. */
export const ROOT = z
  .looseObject({ system_probe_config: SYSTEM_PROBE, network_config: NETWORK_CONFIG, npmon: NPMON })
  .prefault({});

export type Values = z.output<typeof ROOT>;

/** A key that has a value of its own. */
export interface Leaf {
  /** `["npmon", "forward", "spool_dir"]` */
  readonly path: readonly string[];
  /** `npmon.forward.spool_dir` */
  readonly name: string;
  readonly schema: z.ZodType;
  readonly facts: KeyFacts;
  /** Variable that sets it; null where none does. */
  readonly environment: string | null;
}

/** Types of values that fit into a variable. */
const FITTING = ["boolean", "integer", "text", "tags", "duration", "size", "list"];

/** Every key that has a value, in the order in which they are listed to people. */
export const LEAVES: readonly Leaf[] = Object.freeze(leavesOf(ROOT as never, []));

function leavesOf(block: typeof NPMON, above: readonly string[]): Leaf[] {
  return keysOf(block as never).flatMap(([name, schema]) => {
    const path = [...above, name];
    if (isBlock(schema)) return leavesOf(schema as never, path);
    const facts = KEYS.get(schema);
    if (facts === undefined) throw new Error(`${path.join(".")} has no facts`);
    const environment = facts.environment ?? variableOf(path, facts);
    return [Object.freeze({ path, name: path.join("."), schema, facts, environment })];
  });
}

function variableOf(path: readonly string[], { type }: KeyFacts): string | null {
  const fits = FITTING.includes(type) || type.includes("|");
  return path[0] === "npmon" && fits ? path.join("_").toUpperCase() : null;
}

export function leafOf(name: string): Leaf | undefined {
  return LEAVES.find((leaf) => leaf.name === name);
}
