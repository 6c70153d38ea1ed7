import { FLOW_TAGS } from "../../flow/tags.ts";
import { splitCharacters } from "./editor.ts";

/** Which ends of a tag make columns: both, the one that speaks of itself (source, client), or the other one. */
export type Ends = "both" | "first" | "second";

export interface Choice {
  readonly tag: string;
  readonly ends: Ends;
}

/** Choosing what a row is made of. */
export interface Picker {
  /** Tags in the order in which they are offered, those of the flow after those of the ends, `flow` last. */
  readonly tags: readonly string[];
  /** Index into the tags that are left by `narrow`. */
  readonly cursor: number;
  /** In the order of the columns. */
  readonly chosen: readonly Choice[];
  /** Client and server instead of source and destination. */
  readonly isByRole: boolean;
  /** Text that the tags shown contain. */
  readonly narrow: string;
  /** Something was chosen or taken away: Enter takes what is chosen, before that the tag under the cursor. */
  readonly isTouched: boolean;
}

/** One row a flow; stands alone. */
export const UNGROUPED = "flow";

const MAX_NARROW = 40;

const ENDS: readonly (readonly [string, string])[] = [
  ["source", "destination"],
  ["client", "server"],
];

export function openPicker(endpointTags: readonly string[], groupBy: readonly string[]): Picker {
  const chosen = parseChoices(groupBy);
  const tags = [...new Set([...endpointTags, ...FLOW_TAGS, UNGROUPED])];
  return {
    tags,
    cursor: Math.max(0, tags.indexOf(chosen[0]?.tag ?? "")),
    chosen,
    isByRole: groupBy.some((ref) => /^(?:client|server)\./.test(ref)),
    narrow: "",
    isTouched: false,
  };
}

/** The tags that contain what was typed. */
export function shownTags({ tags, narrow }: Picker): readonly string[] {
  return tags.filter((tag) => tag.toLowerCase().includes(narrow.toLowerCase()));
}

/** What Enter would group by; empty when there is nothing to choose. */
export function pickedGroupBy(picker: Picker): readonly string[] {
  const under = shownTags(picker)[picker.cursor];
  const choices = picker.isTouched
    ? picker.chosen
    : under === undefined
      ? []
      : [{ tag: under, ends: "both" as const }];
  return choices.flatMap((choice) => formatChoice(choice, picker.isByRole));
}

/** What a key does; `null` for one that means nothing here. Enter and Esc are not its business. */
export function changePicker(picker: Picker, key: string, pageRows: number): Picker | null {
  switch (key) {
    case "up":
    case "ctrl-p":
      return moveCursor(picker, picker.cursor - 1);
    case "down":
    case "ctrl-n":
      return moveCursor(picker, picker.cursor + 1);
    case "pageup":
      return moveCursor(picker, picker.cursor - pageRows);
    case "pagedown":
      return moveCursor(picker, picker.cursor + pageRows);
    case "home":
      return moveCursor(picker, 0);
    case "end":
      return moveCursor(picker, picker.tags.length);
    case "space":
      return choose(picker);
    case "tab":
    case "shift-tab":
      return { ...picker, isByRole: !picker.isByRole, isTouched: picker.chosen.length > 0 };
    case "backspace":
    case "ctrl-h":
      return narrowTo(picker, splitCharacters(picker.narrow).slice(0, -1).join(""));
    case "ctrl-u":
      return narrowTo(picker, "");
    default:
      return /^[\w.:/-]$/.test(key) ? narrowTo(picker, picker.narrow + key) : null;
  }
}

export function moveCursor(picker: Picker, cursor: number): Picker {
  return { ...picker, cursor: Math.max(0, Math.min(shownTags(picker).length - 1, cursor)) };
}

function narrowTo(picker: Picker, narrow: string): Picker {
  const narrowed = { ...picker, narrow: narrow.slice(0, MAX_NARROW), cursor: 0 };
  return narrow !== "" && shownTags(narrowed).length === 0 ? picker : narrowed;
}

/** The tag under the cursor: both ends, then either alone, then not at all. Tags of the flow are there or not. */
function choose(picker: Picker): Picker {
  const tag = shownTags(picker)[picker.cursor];
  if (tag === undefined) return picker;
  const touched = { ...picker, isTouched: true };
  const known = picker.chosen.find((choice) => choice.tag === tag);
  if (known === undefined) {
    const others = tag === UNGROUPED ? [] : picker.chosen.filter((choice) => choice.tag !== UNGROUPED);
    return { ...touched, chosen: [...others, { tag, ends: "both" }] };
  }
  const next: Ends | null =
    isOfFlow(tag) || known.ends === "second" ? null : known.ends === "both" ? "first" : "second";
  return {
    ...touched,
    chosen: picker.chosen.flatMap((choice) =>
      choice.tag !== tag ? [choice] : next === null ? [] : [{ tag, ends: next }],
    ),
  };
}

export function isOfFlow(tag: string): boolean {
  return tag === UNGROUPED || (FLOW_TAGS as readonly string[]).includes(tag);
}

function formatChoice({ tag, ends }: Choice, isByRole: boolean): readonly string[] {
  if (isOfFlow(tag)) return [tag];
  const [first, second] = ENDS[isByRole ? 1 : 0] ?? ["source", "destination"];
  if (ends === "both") return [`${first}.${tag}`, `${second}.${tag}`];
  return [`${ends === "first" ? first : second}.${tag}`];
}

function parseChoices(groupBy: readonly string[]): readonly Choice[] {
  const chosen = new Map<string, Ends>();
  for (const ref of groupBy) {
    const [, end, tag] = /^(source|destination|client|server)\.(.*)$/.exec(ref) ?? [];
    if (end === undefined || tag === undefined) {
      chosen.set(ref, "both");
      continue;
    }
    const side: Ends = end === "source" || end === "client" ? "first" : "second";
    chosen.set(tag, chosen.has(tag) ? "both" : side);
  }
  return Array.from(chosen, ([tag, ends]) => ({ tag, ends }));
}
