import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { publishFile, syncFile, syncFolder } from "./durable.ts";

/** One file of a folder takes the place of others. */
export interface Replacement {
  readonly written: string;
  readonly replaced: readonly string[];
}

const INTENT = "replace.json";

/** From the moment the intent has its name it happens. The new file is there as `NAME.tmp`. */
export function writeReplacement(folder: string, replacement: Replacement): void {
  syncFile(join(folder, `${replacement.written}.tmp`));
  writeFileSync(join(folder, `${INTENT}.tmp`), JSON.stringify(replacement), { mode: 0o600 });
  publishFile(join(folder, `${INTENT}.tmp`), join(folder, INTENT));
}

/** Carries out the intent in the folder and removes what was never finished; can be done again at any point of it. */
export function endReplacement(folder: string, isFile: RegExp): ReadonlySet<string> {
  const intent = readIntent(folder, isFile);
  if (intent !== null) {
    const path = join(folder, intent.written);
    if (existsSync(`${path}.tmp`)) renameSync(`${path}.tmp`, path);
    syncFolder(folder);
    for (const name of intent.replaced) rmSync(join(folder, name), { force: true });
    syncFolder(folder);
    unlinkSync(join(folder, INTENT));
    syncFolder(folder);
  }
  for (const name of readdirSync(folder)) if (name.endsWith(".tmp")) unlinkSync(join(folder, name));
  return new Set();
}

/** What does not count any more, or not yet, for one who only reads. */
export function replacedIn(folder: string, isFile: RegExp): ReadonlySet<string> {
  const intent = readIntent(folder, isFile);
  if (intent === null) return new Set();
  return new Set(existsSync(join(folder, intent.written)) ? intent.replaced : [intent.written]);
}

function readIntent(folder: string, isFile: RegExp): Replacement | null {
  const path = join(folder, INTENT);
  if (!existsSync(path)) return null;
  const value = JSON.parse(readFileSync(path, "utf8")) as Replacement;
  // a name from the folder of data goes nowhere else
  if (![value.written, ...value.replaced].every((name) => isFile.test(name))) {
    throw new Error(`${path} names what is no file of the store`);
  }
  return value;
}
