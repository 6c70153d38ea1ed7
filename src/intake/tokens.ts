import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { NpmonError } from "../error/error.ts";

/** Who may send, and for whom. */
export interface Grant {
  /** The only host whose snapshots it takes, and no question; `null`: any, and questions. */
  readonly host: string | null;
}

export interface Tokens {
  readonly isEmpty: boolean;
  /** `null` when it is nobody's. Takes the same time whatever the text is. */
  find(token: string): Grant | null;
}

interface Entry extends Grant {
  readonly digest: Buffer;
}

/**
 * @param file - a token a line, for any host, or a host's name and its token with a space between; `#` begins a comment
 * @throws NpmonError `intake` for a file that cannot be read, has no token or a line of more words
 */
export function readTokens(token: string | null, file: string | null): Tokens {
  const entries: Entry[] = token === null ? [] : [{ host: null, digest: digestOf(token) }];
  if (file !== null) {
    readText(file)
      .split("\n")
      .forEach((line, index) => {
        const words = line.trim().split(/\s+/);
        const [first = "", second] = words;
        if (first === "" || first.startsWith("#")) return;
        if (words.length > 2) {
          throw new NpmonError(
            "intake",
            `${file} line ${index + 1}: more than two words`,
            "A line is TOKEN, or HOST TOKEN.",
          );
        }
        entries.push({ host: second === undefined ? null : first, digest: digestOf(second ?? first) });
      });
  }
  if (file !== null && entries.length === 0) {
    throw new NpmonError("intake", `${file} has no token`, "A line is TOKEN, or HOST TOKEN.");
  }
  return Object.freeze({
    isEmpty: entries.length === 0,
    find(shown: string): Grant | null {
      const digest = digestOf(shown);
      let found: Entry | null = null;
      for (const entry of entries) if (timingSafeEqual(entry.digest, digest)) found = entry;
      return found;
    },
  });
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NpmonError(
      "intake",
      `cannot read ${file}: ${reason}`,
      "The intake's user has to be able to read it.",
      cause,
    );
  }
}
