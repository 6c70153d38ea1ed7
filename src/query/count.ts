/**
 * Stage `query`: takes what a person typed, gives what the later stages compute with. Pure: reads nothing, keeps
 * nothing. Text that makes no sense throws a {@link NpmonError} of code `usage` whose message is one printable
 * line, whatever was typed, and says where it went wrong and what would fit there.
 */
import { NpmonError } from "../error/error.ts";
import { quoteInput } from "./quote.ts";

/** Both ends included. */
export interface CountBounds {
  readonly min: number;
  readonly max: number;
}

const ANY_COUNT: CountBounds = { min: 1, max: Number.MAX_SAFE_INTEGER };

/**
 * A whole number in plain decimal digits.
 *
 * @param option - how the person wrote the option, `--count`; named in the error
 * @param bounds - default 1 .. 2^53-1
 * @throws NpmonError `usage` when it is not such a number or out of bounds
 */
export function parseCount(text: string, option: string, bounds: CountBounds = ANY_COUNT): number {
  const trimmed = text.trim();
  const value = /^\d{1,16}$/.test(trimmed) ? Number(trimmed) : Number.NaN;
  if (value >= bounds.min && value <= bounds.max && Number.isSafeInteger(value)) return value;
  throw new NpmonError("usage", `${option}: found ${quoteInput(text)}, expected ${describe(bounds)}`);
}

function describe({ min, max }: CountBounds): string {
  return max === Number.MAX_SAFE_INTEGER
    ? `a whole number of ${min} or more`
    : `a whole number from ${min} to ${max}`;
}
