import { CsvError, parse } from "csv-parse/sync";
import { NpmonError } from "../error/error.ts";
import { quoteInput } from "../query/quote.ts";
import { parseYaml } from "./document.ts";
import type { Fault } from "./key.ts";
import type { Origin, Problem } from "./problem.ts";
import { readConfigText } from "./read-text.ts";
import { cidrsSchema, type NetworkEntries, readCidrs, type TagValues } from "./tag-rules.ts";
import { findProblems } from "./validate.ts";

/** A line of CSV is read some fifty times as fast as one of YAML. */
const MAX_CSV_BYTES = 64 * 2 ** 20;
export const MAX_YAML_BYTES = 2 * 2 ** 20;

/** Networks and their tags, or all that is wrong with the file. */
export interface NetworksFile {
  readonly entries: NetworkEntries<TagValues>;
  readonly problems: readonly Problem[];
}

/**
 * Reads a file of networks: YAML when its name ends so, as `npmon.tags.cidrs`; else CSV, whose first line names the
 * tags, `cidr,team,zone`, and in which nothing between commas is no tag.
 */
export function readNetworksFile(path: string): NetworksFile {
  try {
    return /\.ya?ml$/i.test(path) ? readYaml(path) : readCsv(path);
  } catch (error) {
    if (!(error instanceof NpmonError)) throw error;
    const [, line, what] = /^(?::(\d+))?: (.*)$/s.exec(error.message.replace(path, "")) ?? [];
    const origin: Origin = { kind: "file", file: path, line: Number(line ?? 1), column: 1 };
    return { entries: [], problems: [{ origin, key: null, message: what ?? error.message }] };
  }
}

function readYaml(path: string): NetworksFile {
  const file = parseYaml(readConfigText(path, MAX_YAML_BYTES).text, path);
  if (!("value" in file)) return { entries: [], problems: file };
  const problems = findProblems(cidrsSchema, file.value, [], (steps, of) => file.origin(steps, of));
  return { entries: problems.length > 0 ? [] : cidrsSchema.parse(file.value), problems };
}

interface Row {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

function readCsv(path: string): NetworksFile {
  const { text } = readConfigText(path, MAX_CSV_BYTES);
  const problems: Problem[] = [];
  const fault = (line: number, message: string): void => {
    problems.push({ origin: { kind: "file", file: path, line, column: 1 }, key: null, message });
  };
  let rows: readonly Row[];
  try {
    // With `info` the library gives rows and their lines, which its types do not say.
    rows = parse(text, {
      bom: true,
      info: true,
      trim: true,
      comment: "#",
      comment_no_infix: true,
      skip_empty_lines: true,
      relax_column_count: true,
    }) as unknown as readonly Row[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    fault(Number(error.lines ?? 1), `this is not CSV: ${error.message}`);
    return { entries: [], problems };
  }
  const [head, ...body] = rows;
  const names = head?.record ?? [];
  if (names[0]?.toLowerCase() !== "cidr") {
    fault(1, `found ${quoteInput(names[0] ?? "")}, expected a line of names such as cidr,team,zone`);
    return { entries: [], problems };
  }
  const lines = new Map<string, number>();
  const values: Record<string, Record<string, string>> = {};
  for (const { record, info } of body) {
    const [cidr = "", ...cells] = record;
    const first = lines.get(cidr);
    if (first !== undefined)
      fault(info.lines, `${quoteInput(cidr)} is there a second time; the first is in line ${first}`);
    if (record.length > names.length)
      fault(info.lines, `found ${record.length} columns, expected ${names.length}`);
    lines.set(cidr, info.lines);
    const tags = cells.map((value, index) => [names[index + 1] ?? "", value] as const);
    values[cidr] = Object.fromEntries(tags.filter(([name, value]) => name !== "" && value !== ""));
  }
  const faults: Fault[] = [];
  const entries = readCidrs(values, (found) => faults.push(found));
  for (const { path: steps, message } of new Map(faults.map((each) => [each.message, each])).values()) {
    fault(steps.length > 1 ? 1 : (lines.get(String(steps[0])) ?? 1), message);
  }
  return { entries: problems.length > 0 ? [] : entries, problems };
}
