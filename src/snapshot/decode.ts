import { readFileSync } from "node:fs";
import { Ajv, type ErrorObject } from "ajv";
import formats from "ajv-formats";
import { NpmonError } from "../error/error.ts";
import { packageFile } from "../package/file.ts";
import { SNAPSHOT_SCHEMA, type Snapshot } from "./snapshot.ts";

const SCHEMA_FILE = packageFile("src/snapshot/snapshot.schema.json");

/** Makes a function that turns the text of one snapshot into a checked value. Compiling the schema costs some 50 ms. */
export function createSnapshotDecoder(): (text: string, place: string) => Snapshot {
  const check = createSnapshotCheck();
  return (text, place) => check(parseJson(text, place), place);
}

/** The same for what was JSON within something larger. */
export function createSnapshotCheck(): (value: unknown, place: string) => Snapshot {
  const ajv = new Ajv({ allowUnionTypes: true });
  formats.default(ajv, ["uuid", "date-time"]);
  const validate = ajv.compile<Snapshot>(JSON.parse(readFileSync(SCHEMA_FILE, "utf8")));
  return (value, place) => {
    if (validate(value)) return value;
    throw new NpmonError(
      "input_file",
      `${place}: ${describe(value, validate.errors ?? [])}`,
      remedyFor(value),
    );
  };
}

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const cutOff = /end of JSON|Unterminated/.test(String(cause));
    throw new NpmonError(
      "input_file",
      `${place}: ${cutOff ? "the snapshot is cut off" : "this is not JSON"}`,
      "Saved snapshots are made by `npmon export --json -o FILE`, one on each line; remove the damaged line to use the rest.",
      cause,
    );
  }
}

function schemaOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "schema" in value ? value.schema : undefined;
}

function describe(value: unknown, errors: readonly ErrorObject[]): string {
  if (schemaOf(value) !== SNAPSHOT_SCHEMA) return `this is not a snapshot of schema ${SNAPSHOT_SCHEMA}`;
  const [first] = errors;
  const where = first?.instancePath.slice(1).replaceAll("/", ".") || "the snapshot";
  return `${where} ${first?.message ?? "is not as the schema says"}`;
}

function remedyFor(value: unknown): string {
  const rows = typeof value === "object" && value !== null && "bytes_sent" in value;
  if (rows) return "These look like the rows of `export --ndjson`; --from reads what `export --json` writes.";
  return "Saved snapshots are made by `npmon export --json -o FILE`.";
}
