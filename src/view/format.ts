/** Numbers as people read them: three significant digits, so that a column of changing numbers keeps its width. */

export const UNITS = ["auto", "bits", "bytes"] as const;

/** `auto`: bytes by powers of 1,024; `bits`: bits by powers of 1,000; `bytes`: exact bytes, never scaled. */
export type Units = (typeof UNITS)[number];

/** Printed where there is no value at all; a measured zero prints as `0`. */
export const NO_VALUE = "-";

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
const BIT_UNITS = ["bit", "kbit", "Mbit", "Gbit", "Tbit", "Pbit", "Ebit"];
const COUNT_UNITS = ["", "k", "M", "G", "T", "P"];
const DURATION_UNITS = ["µs", "ms", "s"];

/** Largest count printed digit by digit; above it three digits and a letter do. */
const EXACT_COUNT_LIMIT = 1_000_000;

/** A quantity of bytes, in the units that the reader chose. */
export function formatBytes(bytes: number, units: Units): string {
  if (!Number.isFinite(bytes)) return NO_VALUE;
  if (units === "bytes") return String(Math.round(bytes));
  if (bytes === 0) return "0";
  return units === "bits" ? scale(bytes * 8, 1000, BIT_UNITS, " ") : scale(bytes, 1024, BYTE_UNITS, " ");
}

/** Bytes per second, in the units that the reader chose. */
export function formatBandwidth(bytesPerSecond: number, units: Units): string {
  const amount = formatBytes(bytesPerSecond, units);
  return units === "bytes" || amount === "0" || amount === NO_VALUE ? amount : `${amount}/s`;
}

/** A count of things: exact below a million. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return NO_VALUE;
  return count < EXACT_COUNT_LIMIT ? String(Math.round(count)) : scale(count, 1000, COUNT_UNITS, "");
}

/** A length of time given in µs. */
export function formatDuration(us: number): string {
  if (!Number.isFinite(us)) return NO_VALUE;
  return us === 0 ? "0" : scale(us, 1000, DURATION_UNITS, " ");
}

/** The length of a window given in ms, as the reader typed it: `500 ms`, `1 s`, `5 min`, `24 h`, `5 d`. */
export function formatWindow(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Number((ms / 1000).toFixed(1))} s`;
  if (ms < 7_200_000) return `${Number((ms / 60_000).toFixed(1))} min`;
  return ms < 172_800_000
    ? `${Number((ms / 3_600_000).toFixed(1))} h`
    : `${Number((ms / 86_400_000).toFixed(1))} d`;
}

/** A share, 0..1. Never rounds something to nothing or nearly all to all. */
export function formatPercent(share: number): string {
  if (!Number.isFinite(share)) return NO_VALUE;
  const percent = share * 100;
  if (percent === 0 || percent >= 100) return `${Math.round(percent)}%`;
  if (percent < 0.1) return "<0.1%";
  if (percent >= 99.5) return ">99%";
  return percent < 9.95 ? `${percent.toFixed(1)}%` : `${Math.round(percent)}%`;
}

function scale(value: number, step: number, units: readonly string[], space: string): string {
  let scaled = value;
  let unit = 0;
  // 999.5 would print as 1000, a digit more than the column has.
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= step;
    unit++;
  }
  const isExact = unit === 0 && Number.isInteger(scaled);
  return `${isExact ? String(scaled) : formatThreeDigits(scaled)}${space}${units[unit] ?? ""}`;
}

function formatThreeDigits(value: number): string {
  if (value < 0.005) return "<0.01";
  if (value < 9.995) return value.toFixed(2);
  return value < 99.95 ? value.toFixed(1) : String(Math.round(value));
}
