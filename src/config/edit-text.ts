import { isDeepStrictEqual } from "node:util";
import { isAlias, isMap, isScalar, type Pair, type YAMLMap } from "yaml";
import { NpmonError } from "../error/error.ts";
import { findCommentedKey, type Marker, markerOf, readCommentedKey } from "./commented-key.ts";
import { parseTree, parseYaml } from "./document.ts";
import { formatFlow } from "./example.ts";
import { isMap as isPlainMap } from "./key.ts";

/** A key to be set. */
export interface Change {
  /** `["system_probe_config", "enabled"]` */
  readonly path: readonly string[];
  readonly value: unknown;
}

/** One line more for each map that is missing, and one for the key. */
const MAX_STEPS = 12;
const INDENT = 2;
const BYTE_ORDER_MARK = "\ufeff";

/**
 * Sets keys in the text of a configuration and leaves every other byte as it was. A key that stands there as a comment
 * becomes one that counts, in its place; one that is nowhere gets a line of its own at the head of its map.
 * @param name of the file, for errors
 * @throws NpmonError `config` when the text cannot be changed so that it says this and nothing else new
 */
export function setKeys(text: string, changes: readonly Change[], name: string): string {
  const mark = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : "";
  return mark + changes.reduce((before, change) => setKey(before, change, name), text.slice(mark.length));
}

function setKey(text: string, change: Change, name: string): string {
  const wanted = withChange(readValue(text), change);
  if (isDeepStrictEqual(readValue(text), wanted)) return text;
  let marker: Marker = "# ";
  let after = text;
  for (let step = 0; step < MAX_STEPS; step++) {
    const next = takeStep(after, change, marker);
    if (next === null) break;
    if (next.marker !== undefined) marker = next.marker;
    after = next.text;
    if (isDeepStrictEqual(readValue(after), wanted)) return after;
  }
  const key = change.path.join(".");
  throw new NpmonError(
    "config",
    `${name}: ${key} cannot be changed here without changing something else, such as what an alias shares`,
    `Set it by hand: ${key}: ${formatFlow(change.value)}`,
  );
}

/** What the text says; `undefined` when it says nothing that can be read. */
function readValue(text: string): unknown {
  const file = parseYaml(text, "");
  return "value" in file ? file.value : undefined;
}

/** A copy in which the key is set, and nothing that an alias shares with another place. */
function withChange(before: unknown, { path, value }: Change): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  const entries = isPlainMap(before) ? Object.entries(before) : [];
  const inside = isPlainMap(before) && Object.hasOwn(before, name) ? before[name] : undefined;
  const changed = withChange(inside, { path: rest, value });
  return Object.fromEntries([...entries.filter(([other]) => other !== name), [name, changed]]);
}

interface Step {
  readonly text: string;
  /** How this file comments out keys, when the step showed it. */
  readonly marker?: Marker;
}

/** Comes one line nearer; `null` when there is no way. */
function takeStep(text: string, { path, value }: Change, marker: Marker): Step | null {
  const document = parseTree(text);
  let parent: Pair | null = null;
  let map: YAMLMap | null = isMap(document.contents) ? document.contents : null;
  for (const [depth, name] of path.entries()) {
    const isLast = depth === path.length - 1;
    const pair: Pair | undefined = map?.items.find(({ key }) => isScalar(key) && String(key.value) === name);
    const rest = nest(path.slice(depth + 1), value);
    if (pair === undefined) {
      if (map?.flow) return { text: insertInFlow(text, map, name, rest) };
      return addToBlock({ text, parent, map, marker }, name, isLast ? value : undefined);
    }
    if (isLast || isAlias(pair.value)) return isLast ? { text: replaceValue(text, pair, value) } : null;
    if (!isMap(pair.value) && !isEmpty(pair)) return null;
    parent = pair;
    map = isMap(pair.value) ? pair.value : null;
  }
  return null;
}

function isEmpty({ value }: Pair): boolean {
  return value === null || (isScalar(value) && value.value === null && value.range?.[0] === value.range?.[1]);
}

function nest(path: readonly string[], value: unknown): unknown {
  return path.reduceRight((inside: unknown, name) => ({ [name]: inside }), value);
}

/** Puts the value where the one before it is, whatever is around it. */
function replaceValue(text: string, pair: Pair, value: unknown): string {
  const flow = formatFlow(value);
  const [start = 0, end = 0] = rangeOf(pair.value) ?? [];
  const colon = text.indexOf(":", rangeOf(pair.key)?.[1] ?? 0) + 1;
  if (isEmpty(pair)) return `${text.slice(0, colon)} ${flow}${text.slice(colon)}`;
  const isBlock =
    isMap(pair.value) || (pair.value !== null && typeof pair.value === "object" && "items" in pair.value);
  const isOnLines =
    text.slice(colon, start).includes("\n") || (isBlock && text.slice(start, end).endsWith("\n"));
  if (!isOnLines) {
    // A block of text ends with the end of its last line.
    const tail = /\r?\n$/.exec(text.slice(start, end))?.[0] ?? "";
    return text.slice(0, start) + flow + tail + text.slice(end);
  }
  const lineEnd = text.indexOf("\n", colon);
  const head = text.slice(0, colon);
  return `${head} ${flow}${text.slice(colon, lineEnd)}${text.slice(lineEnd, lineEnd + 1)}${text.slice(end)}`;
}

function rangeOf(node: unknown): readonly number[] | undefined {
  return (node as { range?: readonly number[] | null } | null)?.range ?? undefined;
}

function insertInFlow(text: string, map: YAMLMap, name: string, value: unknown): string {
  const open = (rangeOf(map)?.[0] ?? 0) + 1;
  const comma = map.items.length > 0 ? ", " : "";
  return `${text.slice(0, open)}${name}: ${formatFlow(value)}${comma}${text.slice(open)}`;
}

interface Place {
  readonly text: string;
  /** The pair whose value the map is; `null` for the outermost map. */
  readonly parent: Pair | null;
  /** `null` while there is nothing in it. */
  readonly map: YAMLMap | null;
  readonly marker: Marker;
}

/** Makes the comment of the key count, or adds a line for it; without a value it is the head of a map. */
function addToBlock(place: Place, name: string, value: unknown): Step {
  const { text, parent, map } = place;
  const lines = text.split("\n");
  const lineOf = (offset: number): number => text.slice(0, offset).split("\n").length - 1;
  const columnOf = (offset: number): number => offset - (text.lastIndexOf("\n", offset - 1) + 1);
  const keyOffset = rangeOf(parent?.key)?.[0];
  const parentIndent = keyOffset === undefined ? -1 : columnOf(keyOffset);
  const firstOffset = rangeOf(map?.items[0]?.key)?.[0];
  const bodyIndent = firstOffset === undefined ? null : columnOf(firstOffset);
  const from = keyOffset === undefined ? 0 : lineOf(keyOffset) + 1;
  const to = keyOffset === undefined ? lines.length : endOfBody(lines, from, parentIndent);
  const body = lines.slice(from, to).map((line) => line.replace(/\r$/, ""));
  const marker = parent === null ? markerIn(body, name) : place.marker;
  const found = findCommentedKey({ lines: body, from, parentIndent, bodyIndent, marker }, name);
  if (found !== null) {
    const commented = lines[found.line] ?? "";
    const end = commented.endsWith("\r") ? "\r" : "";
    const rest = readCommentedKey(commented.replace(/\r$/, ""), marker)?.rest ?? "";
    const kept = value === undefined ? keepComment(rest) : ` ${formatFlow(value)}${keepComment(rest)}`;
    lines[found.line] = `${" ".repeat(found.indent)}${name}:${kept}${end}`;
    return { text: lines.join("\n"), marker: markerOf(commented) };
  }
  const indent = bodyIndent ?? (parent === null ? 0 : indentOfComments(body, parentIndent, marker));
  const line = `${" ".repeat(indent)}${name}:${value === undefined ? "" : ` ${formatFlow(value)}`}`;
  const end = text.includes("\r\n") ? "\r" : "";
  if (parent === null) return { text: append(text, line, end) };
  lines.splice(from, 0, line + end);
  // The file may end with the key that the line goes under.
  if (from === lines.length - 1) lines[from - 1] += end;
  return { text: lines.join("\n") };
}

/** Number of the line after the last that can belong to the map: the next that counts and is no deeper ends it. */
function endOfBody(lines: readonly string[], from: number, parentIndent: number): number {
  for (let index = from; index < lines.length; index++) {
    const [, spaces = "", first = ""] = /^( *)(\S?)/.exec(lines[index] ?? "") ?? [];
    if (first !== "" && first !== "#" && spaces.length <= parentIndent) return index;
  }
  return lines.length;
}

function markerIn(lines: readonly string[], name: string): Marker {
  const line = lines.find((each) => readCommentedKey(each, "# ")?.name === name);
  return line === undefined ? "# " : markerOf(line);
}

function indentOfComments(body: readonly string[], parentIndent: number, marker: Marker): number {
  for (const line of body) {
    const key = readCommentedKey(line, marker);
    if (key === null) continue;
    if (key.indent <= parentIndent) break;
    return key.indent;
  }
  return parentIndent + INDENT;
}

/** A comment behind the value that was commented out. */
function keepComment(rest: string): string {
  return /[ \t]+#.*$/.exec(rest)?.[0] ?? "";
}

function append(text: string, line: string, end: string): string {
  const isWhole = text === "" || text.endsWith("\n");
  return `${text}${isWhole ? "" : `${end}\n`}${line}${end}\n`;
}
