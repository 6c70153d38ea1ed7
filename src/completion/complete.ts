/**
 * Stage `completion`: takes a command line that is being typed, gives what could follow. `complete` is what the shells'
 * scripts call; `command-line` finds what belongs at the cursor, `offer` answers, `host-values` knows this host. All of
 * it serves somebody who waits with a finger on the key: nothing here loads the commands, and no failure says a word,
 * for it would land in the middle of the line.
 */
import { readFileSync } from "node:fs";
import { packageFile } from "../package/file.ts";
import { escapeUnsafe, isSafe } from "../query/quote.ts";
import { findPlace } from "./command-line.ts";
import type { Manifest } from "./manifest.ts";
import { type HostKnowledge, type Offer, offerAt } from "./offer.ts";
import { bashReply, splitShellLine } from "./shell-words.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;

const MANIFEST = packageFile("oclif.manifest.json");

/**
 * `bash LINE BREAKS`, `fish LINE`, `zsh WORD… CURRENT`: the line up to the cursor, or its words without their quotes.
 *
 * @returns the kind of offer on one line, then one candidate on each; empty when nothing can be said
 */
export async function complete([shell, ...args]: readonly string[]): Promise<string> {
  try {
    const manifest = JSON.parse(readFileSync(MANIFEST, "utf8")) as Manifest;
    if (shell === "zsh") {
      const words = ["npmon", ...args.slice(0, -1)];
      return formatOffer(await offerAt(findPlace(manifest, words, args.at(-1) ?? ""), openHost));
    }
    const { words, current } = splitShellLine(args[0] ?? "");
    const offer = await offerAt(findPlace(manifest, words, current.text), openHost);
    if (shell === "fish") return formatOffer(offer);
    const candidates = offer.candidates
      .filter(({ text }) => isSafe(text))
      .map(({ text }) => ({ text: bashReply(current, text, args[1] ?? ""), meaning: "" }));
    return formatOffer({ kind: offer.kind, candidates });
  } catch {
    return "";
  }
}

async function openHost(): Promise<HostKnowledge> {
  const { HostValues } = await import("./host-values.ts");
  return new HostValues(process.env.HOST_PROC ?? "/proc");
}

/** Names of processes can hold what a terminal would not only print: it is left out, and made visible in what only explains. */
function formatOffer({ kind, candidates }: Offer): string {
  const lines = candidates
    .filter(({ text }) => isSafe(text))
    .map(({ text, meaning }) => (meaning === "" ? text : `${text}\t${escapeUnsafe(meaning)}`));
  return [kind, ...lines].map((line) => `${line}\n`).join("");
}
