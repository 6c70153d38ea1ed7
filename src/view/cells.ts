import type { TagValue } from "../flow/tags.ts";
import type { Column, ColumnUnit } from "./column.ts";
import { formatBandwidth, formatBytes, formatCount, formatDuration, NO_VALUE, type Units } from "./format.ts";
import { formatSafe } from "./text.ts";

/** The text of a cell: safe for a terminal, in the reader's units. */
export function formatCell(column: Column, value: TagValue, units: Units): string {
  if (typeof value === "string") return value === "" ? '""' : formatSafe(value);
  if (value === null) return column.unit === "text" || column.unit === "number" ? "N/A" : NO_VALUE;
  switch (column.unit) {
    case "bytes":
      return formatBytes(value, units);
    case "bandwidth":
      return formatBandwidth(value, units);
    case "duration":
      return formatDuration(value);
    case "count":
      return formatCount(value);
    default:
      return String(value);
  }
}

/** The heading of a column with its unit, the short one when the full one takes more than `width` cells. */
export function formatHeading(column: Column, units: Units, width = Number.POSITIVE_INFINITY): string {
  const suffix = headingSuffix(column.unit, units);
  const full = column.heading + suffix;
  return full.length <= width ? full : column.shortHeading + suffix;
}

function headingSuffix(unit: ColumnUnit, units: Units): string {
  if (unit === "bandwidth") return units === "bytes" ? " B/s" : "/s";
  return unit === "bytes" && units === "bytes" ? " B" : "";
}

/** Widest text that a number of each unit takes, so that columns keep their place when numbers change. */
const UNIT_WIDTHS: Readonly<Record<ColumnUnit, Readonly<Record<Units, number>>>> = {
  text: { auto: 0, bits: 0, bytes: 0 },
  number: { auto: 0, bits: 0, bytes: 0 },
  bytes: { auto: 8, bits: 9, bytes: 13 },
  bandwidth: { auto: 10, bits: 11, bytes: 11 },
  count: { auto: 6, bits: 6, bytes: 6 },
  duration: { auto: 7, bits: 7, bytes: 7 },
  graph: { auto: 0, bits: 0, bytes: 0 },
};

/** Cells that the column asks for, its short heading included. */
export function columnWidth(column: Column, units: Units): number {
  const headingWidth = column.shortHeading.length + headingSuffix(column.unit, units).length;
  return Math.max(column.width, UNIT_WIDTHS[column.unit][units], headingWidth);
}
