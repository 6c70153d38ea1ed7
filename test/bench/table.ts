import type { Spread } from "./spread.ts";
import type { Standing } from "./standing.ts";

/** `null`: not measured, or nothing that this measurement can tell. */
export type Cell = string | number | Spread | null;

/** Units stand in the names of the columns. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** What has to be known to read the figures. */
  readonly notes: readonly string[];
  /** What of it belongs into "npmon beside its peers". */
  readonly standings?: readonly Standing[];
}

/** GitHub's Markdown, columns aligned for a reader of plain text. */
export function formatMarkdown({ title, columns, rows, notes }: Table): string {
  const lines = [columns, ...rows.map((row) => row.map(formatCell))];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  const [head = "", ...body] = lines.map(
    (line) => `| ${line.map((text, index) => text.padEnd(widths[index] ?? 0)).join(" | ")} |`,
  );
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  const remarks = notes.length === 0 ? [] : ["", ...notes.map((note) => `- ${note}`)];
  return [`### ${title}`, "", head, rule, ...body, ...remarks, ""].join("\n");
}

/** For `--json`: each row as an object by the names of the columns, spreads whole. */
export function tableToJson({ title, columns, rows, notes }: Table): unknown {
  const objects = rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]])));
  return { title, rows: objects, notes };
}

export function formatCell(cell: Cell): string {
  if (cell === null) return "–";
  if (typeof cell === "string") return cell;
  if (typeof cell === "number") return formatNumber(cell);
  const { median, min, max } = cell;
  return `${formatNumber(median)} (${formatNumber(min)}–${formatNumber(max)})`;
}

/** Three digits that mean something; whole numbers in full. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) {
    return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
  }
  return value.toPrecision(3);
}
