import { readFileSync, statSync } from "node:fs";
import type { UserNames } from "./user.ts";

/** How often at most the file is looked at for changes. */
const CHECK_EVERY_MS = 5_000;

/** Lines `NAME:PASSWORD:UID:…`; the first name of a number counts, as for `getpwuid`. Other lines are left out. */
export function parsePasswd(text: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split("\n")) {
    const [, name, digits] = /^([^:#+-][^:]*):[^:]*:(\d{1,10}):/.exec(line) ?? [];
    if (name === undefined || digits === undefined) continue;
    const uid = Number(digits);
    if (!names.has(uid)) names.set(uid, name);
  }
  return names;
}

/** User names from a passwd file, read again when it changes. Names from elsewhere (LDAP, NIS) are not known. */
export class PasswdFile implements UserNames {
  readonly #path: string;
  readonly #nowMs: () => number;
  #names: ReadonlyMap<number, string> = new Map();
  #version = "";
  #checkedAtMs = Number.NEGATIVE_INFINITY;

  /** @param nowMs - monotonic clock */
  constructor(path: string, nowMs: () => number) {
    this.#path = path;
    this.#nowMs = nowMs;
  }

  nameOf(uid: number): string | null {
    const nowMs = this.#nowMs();
    if (nowMs - this.#checkedAtMs >= CHECK_EVERY_MS) {
      this.#checkedAtMs = nowMs;
      this.#refresh();
    }
    return this.#names.get(uid) ?? null;
  }

  /** A file that cannot be read, perhaps for the moment it is being replaced, leaves the names as they are. */
  #refresh(): void {
    try {
      const { mtimeNs, size, ino } = statSync(this.#path, { bigint: true });
      const version = `${mtimeNs} ${size} ${ino}`;
      if (version === this.#version) return;
      this.#names = parsePasswd(readFileSync(this.#path, "utf8"));
      this.#version = version;
    } catch {}
  }
}
