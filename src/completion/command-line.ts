import type { Manifest, ManifestCommand, ManifestFlag } from "./manifest.ts";

/** Something that could be typed at the cursor. */
export interface Candidate {
  /** The whole word, as the command would get it. */
  readonly text: string;
  /** A line for who has to choose; empty when the text says all. */
  readonly meaning: string;
}

/** What belongs at the cursor. `current` is what was typed of it; the answer has `head` before it. */
export type Place =
  | { readonly kind: "words"; readonly candidates: readonly Candidate[] }
  | { readonly kind: "files" }
  | { readonly kind: "filter" | "group-by" | "pid"; readonly head: string; readonly current: string }
  /** A column of rows that are grouped by `groupBy`, as that was typed. */
  | { readonly kind: "column"; readonly head: string; readonly current: string; readonly groupBy: string };

const NOTHING: Place = { kind: "words", candidates: [] };

/** Flags that every command has, though no command lists them. */
const COMMON_FLAGS: readonly Candidate[] = [{ text: "--help", meaning: "show what there is and end" }];
const GLOBAL_FLAGS: readonly Candidate[] = [
  ...COMMON_FLAGS,
  { text: "--version", meaning: "show the version and end" },
];

/**
 * What could follow on the command line of npmon, as far as its manifest says. Never throws.
 *
 * @param words - those before the one at the cursor, npmon itself the first
 * @param current - the one at the cursor, up to it
 */
export function findPlace(manifest: Manifest, words: readonly string[], current: string): Place {
  const at = words.findIndex((word, index) => index > 0 && !word.startsWith("-"));
  const name = words[at] ?? "";
  if (at < 0 || name === "help") {
    return wordsOf(current, current.startsWith("-") ? GLOBAL_FLAGS : commandsOf(manifest));
  }
  if (!Object.hasOwn(manifest.commands, name)) return NOTHING;
  const command = manifest.commands[name] as ManifestCommand;
  const given = words.slice(at + 1);
  const awaited = flagAwaitingValue(command, given.at(-1) ?? "");
  if (awaited !== null) return placeOfValue(command, awaited, given, "", current);
  const [, head, value] = /^(--[^=]+=)(.*)$/s.exec(current) ?? [];
  if (head !== undefined && value !== undefined) {
    const flag = findFlag(command, head);
    return flag?.type === "option" ? placeOfValue(command, flag, given, head, value) : NOTHING;
  }
  if (current.startsWith("-")) return wordsOf(current, [...flagsOf(command, given), ...COMMON_FLAGS]);
  return wordsOf(current, plain(Object.values(command.args ?? {})[0]?.options ?? []));
}

function commandsOf(manifest: Manifest): Candidate[] {
  return Object.entries(manifest.commands)
    .filter(([, command]) => command.hidden !== true)
    .map(([text, { summary = "" }]) => ({ text, meaning: summary }));
}

/** The flags that can still be given. */
function flagsOf(command: ManifestCommand, given: readonly string[]): Candidate[] {
  const used = new Set(given.map((word) => findFlag(command, word)?.name));
  return Object.values(command.flags)
    .filter((flag) => flag.hidden !== true)
    .filter((flag) => flag.multiple === true || !used.has(flag.name))
    .filter((flag) => !flag.exclusive?.some((other) => used.has(other)))
    .map(({ name, summary = "" }) => ({ text: `--${name}`, meaning: summary }));
}

function findFlag(command: ManifestCommand, word: string): ManifestFlag | undefined {
  const [, name, char] = /^(?:--([^=]+)|-([^-]))/s.exec(word) ?? [];
  return Object.values(command.flags).find(
    (flag) => flag.name === name || (char !== undefined && flag.char === char),
  );
}

/** The flag whose value is the next word: `--filter`, `-f`, and `-bf` with the letters of several. */
function flagAwaitingValue(command: ManifestCommand, word: string): ManifestFlag | null {
  if (!word.startsWith("-") || word.includes("=")) return null;
  if (word.startsWith("--")) {
    const flag = findFlag(command, word);
    return flag?.type === "option" ? flag : null;
  }
  const flags = [...word.slice(1)].map((letter) => findFlag(command, `-${letter}`));
  const last = flags.pop();
  // what follows the letter of a flag with a value is the value
  return last?.type === "option" && flags.every((flag) => flag?.type === "boolean") ? last : null;
}

/** Where any value of a form fits, those that people ask for. */
const USUAL_VALUES: Readonly<Record<string, readonly string[]>> = {
  WHEN: ["15m", "1h", "6h", "24h", "5d"],
  STEP: ["auto", "1m", "5m", "1h"],
  AGO: ["1h", "24h", "7d"],
};

/** By what the help calls the value, so that nothing is listed twice. */
function placeOfValue(
  command: ManifestCommand,
  flag: ManifestFlag,
  given: readonly string[],
  head: string,
  current: string,
): Place {
  if (flag.options !== undefined) return wordsOf(head + current, plain(flag.options, head));
  switch (flag.helpValue) {
    case "FILTER":
      return { kind: "filter", head, current };
    case "TAGS":
      return { kind: "group-by", head, current };
    case "COLUMN":
      return { kind: "column", head, current, groupBy: givenValue(command, given, "group-by") ?? "service" };
    case "PID":
      return { kind: "pid", head, current };
    case "FILE":
    case "DIR":
      return { kind: "files" };
    default:
      return wordsOf(head + current, plain(USUAL_VALUES[flag.helpValue ?? ""] ?? [], head));
  }
}

/** The value that a flag has on the line; the last one counts. */
function givenValue(command: ManifestCommand, given: readonly string[], name: string): string | undefined {
  const index = given.findLastIndex((word) => findFlag(command, word)?.name === name);
  const word = given[index];
  if (word === undefined) return undefined;
  const equals = word.indexOf("=");
  return equals < 0 ? given[index + 1] : word.slice(equals + 1);
}

function plain(texts: readonly string[], head = ""): Candidate[] {
  return texts.map((text) => ({ text: head + text, meaning: "" }));
}

function wordsOf(current: string, candidates: readonly Candidate[]): Place {
  return { kind: "words", candidates: candidates.filter(({ text }) => text.startsWith(current)) };
}
