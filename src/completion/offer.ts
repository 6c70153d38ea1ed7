import type { QuestionKind, ValuesOf } from "../query/complete-question.ts";
import type { Candidate, Place } from "./command-line.ts";

/** What could be typed at the cursor. */
export interface Offer {
  /** `part`: more can follow right behind it, so no space; `files`: names of files, which the shell knows best. */
  readonly kind: "word" | "part" | "files";
  readonly candidates: readonly Candidate[];
}

/** What this host can tell. */
export interface HostKnowledge {
  /** Values that a tag has here. */
  valuesOf(tag: string): readonly string[];
  /** Numbers of running processes. */
  processes(): readonly Candidate[];
}

/**
 * Loads only what the place needs: somebody waits, and most often for the name of a flag.
 *
 * @param openHost - looks at this host; called when its values are asked for
 */
export async function offerAt(place: Place, openHost: () => Promise<HostKnowledge>): Promise<Offer> {
  switch (place.kind) {
    case "words":
      return { kind: "word", candidates: place.candidates };
    case "files":
      return { kind: "files", candidates: [] };
    case "pid":
      return wordsAt(place, (await openHost()).processes());
    case "column":
      return wordsAt(place, await columnsAt(place));
    default:
      return await questionAt(place.kind, place, openHost);
  }
}

type TypedPlace = Exclude<Place, { readonly kind: "words" | "files" }>;

function wordsAt({ head, current }: TypedPlace, candidates: readonly Candidate[]): Offer {
  const fitting = candidates.filter(({ text }) => text.startsWith(current));
  return { kind: "word", candidates: fitting.map(({ text, meaning }) => ({ text: head + text, meaning })) };
}

async function columnsAt({ current, groupBy }: Place & { readonly kind: "column" }): Promise<Candidate[]> {
  const { formatGroupBy, parseGroupBy } = await import("../query/group-by.ts");
  const { snapshotColumns } = await import("../view/columns.ts");
  const sign = current.startsWith("-") ? "-" : "";
  const columns = snapshotColumns(formatGroupBy(parseGroupBy(groupBy)));
  return columns.map(({ name, meaning }) => ({ text: sign + name, meaning }));
}

async function questionAt(
  kind: QuestionKind,
  { head, current }: TypedPlace,
  openHost: () => Promise<HostKnowledge>,
): Promise<Offer> {
  const { completeQuestion } = await import("../query/complete-question.ts");
  const ask = (text: string, valuesOf: ValuesOf) => completeQuestion(kind, text, text.length, valuesOf);
  let asksHost = false;
  ask(current, () => {
    asksHost = true;
    return [];
  });
  let host: HostKnowledge | null = asksHost ? await openHost() : null;
  let { from, candidates } = ask(current, (tag) => host?.valuesOf(tag) ?? []);
  const [only, another] = candidates;
  // a shell closes the quote behind an only candidate, so one that is not complete is better given with what follows
  if (only !== undefined && another === undefined && /[:.]$/.test(only)) {
    const begun = current.slice(0, from) + only;
    host ??= await openHost();
    const further = ask(begun, (tag) => host?.valuesOf(tag) ?? []);
    if (further.candidates.length > 0) {
      const between = begun.slice(from, further.from);
      candidates = further.candidates.map((text) => between + text);
    }
  }
  const whole = candidates.map((text) => current.slice(0, from) + text);
  return {
    kind: "part",
    candidates: insertable(whole, current).map((text) => ({ text: head + text, meaning: "" })),
  };
}

/**
 * What begins as it was typed. Shells put in what all candidates have in common, so several that begin otherwise, with a
 * quote or another case, would take away what was typed.
 */
function insertable(candidates: readonly string[], current: string): readonly string[] {
  const literal = candidates.filter((text) => text.startsWith(current));
  return literal.length > 0 || candidates.length > 1 ? literal : candidates;
}
