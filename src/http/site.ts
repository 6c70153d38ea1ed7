import { readFile } from "node:fs/promises";

/** An intake as one who speaks to it knows it. */
export interface Site {
  /** `https://intake.example:8474`, a path may follow. */
  readonly url: string;
  readonly token: string | null;
  /** Read anew for every request, so that a token can be changed; wins over `token`. */
  readonly tokenFile: string | null;
  /** PEM; null for the authorities that Node knows. Read anew too. */
  readonly caFile: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Credentials {
  readonly token: string | null;
  /** PEM. */
  readonly ca: string | null;
}

/** A text says what is wrong with them. */
export async function readCredentials({ token, tokenFile, caFile }: Site): Promise<Credentials | string> {
  try {
    const read = tokenFile === null ? token : (await readFile(tokenFile, "utf8")).trim();
    if (read !== null && !/^[\x21-\x7e]{1,4096}$/.test(read)) {
      return `${tokenFile === null ? "the token" : tokenFile} is not one word of plain characters`;
    }
    return { token: read, ca: caFile === null ? null : await readFile(caFile, "utf8") };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
