import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { NpmonError } from "../error/error.ts";
import { readConfigText } from "./read-text.ts";

/** Backups of one file; who has more of them has no use for another. */
const MAX_BACKUPS = 1000;
const FOLDER_MODE = 0o755;
const FILE_MODE = 0o644;
/** Of a copy, until it has the mode of what it is a copy of. */
const PRIVATE_MODE = 0o600;

export interface Replacement {
  /** The file; a link leads to its file and stays. */
  readonly path: string;
  /** What is to be there; null for nothing. */
  readonly before: string | null;
  readonly after: string;
}

/**
 * Puts a new text in the place of the old one at once: whoever looks finds either the one or the other, also after a
 * crash. Mode and owner stay, and the old text is kept beside it.
 * @returns path of the copy of the old text; null when there was none
 * @throws NpmonError `output_file`; then the file is as it was and nothing is left beside it
 */
export function replaceFile({ path, before, after }: Replacement): string | null {
  const made: string[] = [];
  try {
    if (before === null) mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
    const place = before === null ? path : realpathSync(path);
    const like = before === null ? null : statSync(place);
    const backup = before === null ? null : writeBackup(place, before, like, made);
    const temporary = `${place}.${process.pid}.tmp`;
    made.push(temporary);
    writeWhole(openSync(temporary, "wx", before === null ? FILE_MODE : PRIVATE_MODE), after, like);
    checkUnchanged(place, before);
    renameSync(temporary, place);
    made.length = 0;
    syncFolder(dirname(place));
    return backup;
  } catch (cause) {
    for (const leftover of made) rmSync(leftover, { force: true });
    if (cause instanceof NpmonError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const remedy = "The file is as it was. Its folder must be writable and the disk must have room.";
    throw new NpmonError("output_file", `cannot change ${path}: ${reason}`, remedy, cause);
  }
}

function writeBackup(place: string, text: string, like: Stats | null, made: string[]): string {
  for (let number = 1; number <= MAX_BACKUPS; number++) {
    const backup = `${place}.bak${number === 1 ? "" : number}`;
    try {
      const fd = openSync(backup, "wx", PRIVATE_MODE);
      made.push(backup);
      writeWhole(fd, text, like);
      return backup;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  const remedy = `Remove those of ${place}.bak… that nobody needs.`;
  throw new NpmonError("output_file", `${place} has ${MAX_BACKUPS} backups already`, remedy);
}

/** Everything on the disk, with the mode and owner of the file it is like. Closes the descriptor. */
function writeWhole(fd: number, text: string, like: Stats | null): void {
  try {
    if (like !== null) {
      const { uid, gid } = fstatSync(fd);
      if (uid !== like.uid || gid !== like.gid) fchownSync(fd, like.uid, like.gid);
      fchmodSync(fd, like.mode & 0o7777);
    }
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Somebody else may have written to it while this was being thought about. */
function checkUnchanged(place: string, before: string | null): void {
  const now =
    statSync(place, { throwIfNoEntry: false }) === undefined ? null : readConfigText(place, 2 ** 31).text;
  if (now === before) return;
  throw new NpmonError("output_file", `${place} was changed by somebody else meanwhile`, "Say it again.");
}

/** The new name is on the disk when its folder is. Not every file system can be told to do so. */
function syncFolder(path: string): void {
  try {
    const fd = openSync(path, "r");
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {}
}
