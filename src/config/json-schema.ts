import * as z from "zod";
import { isBlock, KEYS } from "./key.ts";
import { ROOT } from "./schema.ts";

const TITLE = "Configuration of npmon: system-probe.yaml";

/** JSON Schema (draft 7, which editors of YAML know) of the file. It allows keys that npmon does not know. */
export function createJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(ROOT, {
    io: "input",
    target: "draft-07",
    unrepresentable: "any",
    reused: "inline",
    override({ zodSchema, jsonSchema }) {
      const facts = zodSchema instanceof z.ZodType ? KEYS.get(zodSchema) : undefined;
      if (facts !== undefined && facts.help !== "") jsonSchema.description = facts.help;
      if (isBlock(zodSchema)) {
        // A block of which everything is commented out is null.
        (jsonSchema as { type: unknown }).type = ["object", "null"];
        delete jsonSchema.default;
      }
    },
  });
  return { ...schema, title: TITLE, default: undefined };
}
