import type { TagValue } from "../flow/tags.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { RAW_FIELDS } from "./columns.ts";
import { rowTagRefs, tagValue } from "./tag-columns.ts";
import { formatSafe } from "./text.ts";

const WINDOW_FIELDS = ["start", "end", "host"] as const;

/**
 * The line of column names: the window, the tags, then the numbers, each by its path in the JSON of a row.
 * RFC 4180: lines end with CR LF.
 */
export function renderCsvHeader(snapshot: Snapshot): string {
  const names = [...WINDOW_FIELDS, ...rowTagRefs(snapshot), ...RAW_FIELDS.map(({ path }) => path)];
  return renderRecord(names);
}

/**
 * One record for each row of the snapshot, without the line of names. Numbers are exact, what is not known is empty.
 *
 * Text is exact but for characters a terminal would obey, which are escaped as on the screen; JSON has them
 * reversibly. Text that a spreadsheet could take for a formula is left as it is: import it as text.
 */
export function renderCsvRows(snapshot: Snapshot): string {
  const refs = rowTagRefs(snapshot);
  return snapshot.flows
    .map((flow) =>
      renderRecord([
        ...WINDOW_FIELDS.map((field) => snapshot[field]),
        ...refs.map((ref) => tagValue(flow, ref)),
        ...RAW_FIELDS.map((field) => field.value(flow)),
      ]),
    )
    .join("");
}

function renderRecord(values: readonly TagValue[]): string {
  return `${values.map(formatField).join(",")}\r\n`;
}

function formatField(value: TagValue): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = formatSafe(value);
  // An empty text is quoted to tell it from what is not known.
  return text === "" || /[",]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
