import * as z from "zod";
import { NpmonError } from "../error/error.ts";
import { type DurationBounds, parseDuration } from "../query/duration.ts";
import { type KeyFacts, key } from "./key.ts";

type Told = Omit<KeyFacts, "expects" | "type">;

/** Message of an issue of which nothing more is known than that the value does not fit. */
export const MISFIT = "misfit";

export function flag(standard: boolean, facts: Told) {
  return key(z.boolean().prefault(standard), { expects: "true or false", type: "boolean", ...facts });
}

export function text(standard: string, expects: string, facts: Told) {
  return key(z.string().max(4096).prefault(standard), { expects, type: "text", ...facts });
}

/** `null` when there is none, or an empty one. */
export function optionalText(expects: string, facts: Told) {
  const schema = z
    .string()
    .max(4096)
    .nullable()
    .transform((value) => (value === "" ? null : value));
  return key(schema.prefault(null), { expects, type: "text", ...facts });
}

export function choice<const Word extends string>(words: readonly Word[], standard: Word, facts: Told) {
  const schema = z.enum(words).prefault(standard as never);
  return key(schema, { expects: `one of ${words.join(", ")}`, type: words.join("|"), ...facts });
}

/** A whole number; both bounds included. */
export function count(standard: number, { min, max }: { min: number; max?: number }, facts: Told) {
  const upTo = max === undefined ? " or more" : ` to ${max}`;
  const schema = z
    .int()
    .min(min)
    .max(max ?? Number.MAX_SAFE_INTEGER)
    .prefault(standard);
  return key(schema, { expects: `a whole number, ${min}${upTo}`, type: "integer", ...facts });
}

/** Milliseconds of it. */
export function duration(standard: string, bounds: DurationBounds | undefined, facts: Told) {
  const schema = parsed(z.union([z.string(), z.number()]), (value) =>
    parseDuration(String(value), "", bounds),
  );
  const words = bounds?.words ?? "50ms to 24h";
  return key(schema.prefault(standard), {
    expects: `a duration such as ${standard}, or seconds; ${words}`,
    type: "duration",
    ...facts,
  });
}

const SIZE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** Bytes of it. */
export function size(standard: string, facts: Told) {
  const schema = parsed(z.union([z.string(), z.number()]), (value) => {
    const [, digits = "", unit = ""] = /^(\d{1,15}(?:\.\d{1,6})?) ?([kmgt]i?b)?$/i.exec(String(value)) ?? [];
    const bytes = Math.round(Number(digits) * (SIZE_UNITS[unit.toLowerCase()] ?? Number.NaN));
    if (digits === "" || bytes < 1 || !Number.isSafeInteger(bytes)) throw new NpmonError("config", MISFIT);
    return bytes;
  });
  return key(schema.prefault(standard), {
    expects: `a size such as ${standard} or 500 MB, or bytes`,
    type: "size",
    ...facts,
  });
}

/** A value that a parser makes of what was written. That the parser throws an NpmonError means that it does not fit. */
export function parsed<Input extends z.ZodType, Value>(
  input: Input,
  parse: (value: z.output<Input>) => Value,
) {
  return input.transform((value, context): Value => {
    try {
      return parse(value);
    } catch (error) {
      if (!(error instanceof NpmonError)) throw error;
      context.addIssue({ code: "custom", message: MISFIT });
      return z.NEVER;
    }
  });
}
