/** Eighths of a cell, from the least to the whole. */
const LEVELS = "▁▂▃▄▅▆▇█";

/** Measured, and nothing was there. */
const NOTHING = "·";

/**
 * The last of the values as one line of bars, the newest at the right end; a value that is NaN leaves its cell empty.
 * Bars are as high as their share of the highest shown, at least visible when there was anything at all.
 */
export function sparkline(values: readonly number[], width: number): string {
  return barRows(values, width, 1)[0] ?? "";
}

/** The same in `height` lines, the top one first. */
export function barRows(values: readonly number[], width: number, height: number): readonly string[] {
  const shown = values.slice(Math.max(0, values.length - width));
  const max = highest(shown);
  const padding = " ".repeat(Math.max(0, width - shown.length));
  const steps = height * LEVELS.length;
  const heights = shown.map((value) => (value > 0 ? Math.max(1, Math.round((value / max) * steps)) : 0));
  return Array.from({ length: height }, (_, line) => {
    const below = (height - 1 - line) * LEVELS.length;
    const cells = heights.map((bar, index) => {
      if (bar > below) return LEVELS[Math.min(bar - below, LEVELS.length) - 1] ?? " ";
      return below === 0 && !Number.isNaN(shown[index]) ? NOTHING : " ";
    });
    return padding + cells.join("");
  });
}

/** The highest value, 0 when there is none. */
export function highest(values: readonly number[]): number {
  return values.reduce((max, value) => (value > max ? value : max), 0);
}

/** Of the values that are there; NaN when none is. */
export function mean(values: readonly number[]): number {
  const there = values.filter((value) => !Number.isNaN(value));
  return there.reduce((sum, value) => sum + value, 0) / there.length;
}
