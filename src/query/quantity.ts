/** What a number is measured in: `none` for tags that are numbers. */
export type UnitFamily = "none" | "count" | "bytes" | "bandwidth" | "time";

/** An amount as it was typed, so that it can be shown again as it was typed. */
export interface Quantity {
  readonly amount: number;
  /** In its one spelling; empty where a bare number was typed. */
  readonly unit: string;
}

type Factors = Readonly<Record<string, number>>;

const COUNTS: Factors = { "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 };
const BYTES: Factors = {
  "": 1,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const BITS: Factors = { bit: 1 / 8, kbit: 125, Mbit: 125e3, Gbit: 125e6, Tbit: 125e9 };

/** What one of each unit is in the base unit of its family: 1, bytes, bytes a second, microseconds. */
const FACTORS: Readonly<Record<UnitFamily, Factors>> = {
  none: { "": 1 },
  count: COUNTS,
  bytes: BYTES,
  bandwidth: perSecond({ ...BYTES, ...BITS }),
  time: { us: 1, ms: 1e3, s: 1e6 },
};

/** What could be typed, as errors say it. */
export const FITTING_QUANTITIES: Readonly<Record<UnitFamily, string>> = {
  none: "a whole number",
  count: "a number such as 0, 100 or 10k",
  bytes: "bytes such as 500, 10kB or 1MiB",
  bandwidth: "a bandwidth such as 10KiB/s, 1MB/s or 10Mbit/s",
  time: "a time such as 150us, 10ms or 1.5s",
};

const QUANTITY = /^(\d{1,16}(?:\.\d{1,6})?)([a-z/µμ]{0,8})$/i;

/** @returns frozen; `null` when it is no amount of this family, or one that is not exact as a number */
export function parseQuantity(text: string, family: UnitFamily): Quantity | null {
  const [, digits, typed] = QUANTITY.exec(text) ?? [];
  if (digits === undefined || typed === undefined) return null;
  const amount = Number(digits);
  const unit = findUnit(typed, family, amount);
  if (unit === null || amount > Number.MAX_SAFE_INTEGER) return null;
  if (family === "none" && !Number.isInteger(amount)) return null;
  return Object.freeze({ amount, unit });
}

/** As {@link parseQuantity} reads it back. */
export function formatQuantity({ amount, unit }: Quantity): string {
  return `${amount}${unit}`;
}

/** In the base unit of the family. */
export function quantityValue({ amount, unit }: Quantity, family: UnitFamily): number {
  return amount * (FACTORS[family][unit] ?? Number.NaN);
}

/** The units that can stand behind an amount of the family. */
export function unitsOf(family: UnitFamily): readonly string[] {
  return Object.keys(FACTORS[family]).filter((unit) => unit !== "");
}

/** Upper and lower case alike, because nobody means a millibyte; bits are told from bytes by `bit`, written out. */
function findUnit(typed: string, family: UnitFamily, amount: number): string | null {
  const spelled = typed.toLowerCase().replace(/^[µμ]s$/, "us");
  const wanted = family === "bandwidth" && spelled !== "" ? `${spelled.replace(/\/s$/, "")}/s` : spelled;
  // nothing is nothing in any unit
  if (wanted === "" && amount === 0) return family === "time" ? "us" : "";
  return Object.keys(FACTORS[family]).find((unit) => unit.toLowerCase() === wanted) ?? null;
}

function perSecond(factors: Factors): Factors {
  return Object.fromEntries(
    Object.entries(factors).map(([unit, factor]) => [unit === "" ? "" : `${unit}/s`, factor]),
  );
}
