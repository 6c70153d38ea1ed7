import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import type { Ended } from "./npmon.ts";

const validate = new Ajv({ strict: false }).compile(
  JSON.parse(readFileSync(new URL("../../src/status/status.schema.json", import.meta.url), "utf8")),
);

/** A line of `npmon status --json`. */
export interface Line {
  readonly name: string;
  readonly state: string;
  readonly value: string;
  readonly remedy: string | null;
  readonly cause: string | null;
  readonly details: readonly string[];
}

/** The lines by name of what `npmon status --json` printed, which fits the published schema. */
export function read({ status, stdout }: Pick<Ended, "status" | "stdout">): Map<string, Line> {
  const json: { exit_code: number; lines: readonly Line[] } = JSON.parse(stdout);
  assert.equal(validate(json), true, JSON.stringify(validate.errors));
  assert.equal(json.exit_code, status);
  return new Map(json.lines.map((line) => [line.name, line]));
}

/** The states of these lines, with spaces between them. */
export function states(lines: Map<string, Line>, ...names: readonly string[]): string {
  return names.map((name) => lines.get(name)?.state).join(" ");
}
