import { fitText, formatSafe, textWidth, truncateEnd } from "./text.ts";

/** A tag and what it is good for on this host. */
export interface TagEntry {
  readonly tag: string;
  readonly origin: string;
  /** Different values seen. */
  readonly valueCount: number;
  /** Some of them, the most frequent first. */
  readonly examples: readonly (string | number)[];
}

const HEADINGS = ["TAG", "VALUES", "EXAMPLES", "FROM"] as const;
const GAP = "  ";
const EXAMPLES_WIDTH = 44;

/** A table to read: a line for each tag, cut at `width` cells; whole where that is infinite. */
export function renderTagList(entries: readonly TagEntry[], width: number): string {
  const rows = entries.map(({ tag, valueCount, examples, origin }) => [
    formatSafe(tag),
    valueCount === 0 ? "-" : String(valueCount),
    truncateEnd(examples.map((value) => formatSafe(String(value))).join(", "), EXAMPLES_WIDTH),
    formatSafe(origin),
  ]);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => textWidth(row[column] ?? ""))),
  );
  const lines = [HEADINGS, ...rows].map((row) => {
    const cells = row.map((cell, column) =>
      column === row.length - 1 ? cell : fitText(cell, widths[column] ?? 0, column === 1 ? "right" : "left"),
    );
    return truncateEnd(cells.join(GAP).trimEnd(), width);
  });
  return lines.map((line) => `${line}\n`).join("");
}
