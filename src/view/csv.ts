import type { TagValue } from "../flow/tags.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { RAW_FIELDS } from "./columns.ts";
import { rowTagRefs, tagValue } from "./tag-columns.ts";
import { formatSafe } from "./text.ts";

export type WindowField = "start" | "end" | "host" | "interval_ms";

const WINDOW_FIELDS: readonly WindowField[] = ["start", "end", "host"];

/**
 * The line of column names: the window, the tags, then the numbers, each by its path in the JSON of a row.
 * RFC 4180: lines end with CR LF.
 */
export function renderCsvHeader(snapshot: Snapshot, fields = WINDOW_FIELDS): string {
  const names = [...fields, ...rowTagRefs(snapshot), ...RAW_FIELDS.map(({ path }) => path)];
  return renderRecord(names);
}

/**
 * One record for each row of the snapshot, without the line of names. Numbers are exact, what is not known is empty.
 *
 * Text is exact but for characters a terminal would obey, which are escaped as on the screen; JSON has them
 * reversibly. Text that a spreadsheet could take for a formula is left as it is: import it as text.
 */
export function renderCsvRows(
  snapshot: Snapshot,
  fields = WINDOW_FIELDS,
  refs = rowTagRefs(snapshot),
): string {
  return snapshot.flows
    .map((flow) =>
      renderRecord([
        ...fields.map((field) => snapshot[field]),
        ...refs.map((ref) => tagValue(flow, ref)),
        ...RAW_FIELDS.map((field) => field.value(flow)),
      ]),
    )
    .join("");
}

/** One record, ended. */
export function renderRecord(values: readonly TagValue[]): string {
  return `${values.map(formatField).join(",")}\r\n`;
}

function formatField(value: TagValue): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = formatSafe(value);
  // An empty text is quoted to tell it from what is not known.
  return text === "" || /[",]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
