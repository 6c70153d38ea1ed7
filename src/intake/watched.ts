import { statSync } from "node:fs";

/** A value that is read from files, and anew when one of them has changed. */
export interface Watched<Value> {
  readonly value: Value;
  /** Looks at the files; a value that cannot be read leaves the old one in place. @throws what reading throws */
  refresh(): boolean;
}

/** Reads it once. @throws what reading throws */
export function createWatched<Value>(files: readonly string[], read: () => Value): Watched<Value> {
  let seen = fingerprint(files);
  let value = read();
  return {
    get value() {
      return value;
    },
    refresh() {
      const now = fingerprint(files);
      if (now === seen) return false;
      value = read();
      seen = now;
      return true;
    },
  };
}

function fingerprint(files: readonly string[]): string {
  return files
    .map((file) => statSync(file, { throwIfNoEntry: false, bigint: true }))
    .map((stats) => (stats === undefined ? "" : `${stats.ino} ${stats.size} ${stats.mtimeNs}`))
    .join(";");
}
