import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync } from "node:fs";
import { NpmonError } from "../error/error.ts";

/** What a file holds, and who may read it. */
export interface ConfigText {
  readonly text: string;
  /** Everybody on this host may read it. */
  readonly isPublic: boolean;
}

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: "Run npmon as root, or as a user who may read it.",
  EPERM: "Run npmon as root, or as a user who may read it.",
  ENOENT: "Give --config a file that exists; `npmon enable` makes one.",
};

/**
 * Reads a file of UTF-8, whatever a person may have put in its place: a directory, a pipe that nobody writes to, a
 * link to nowhere, something endless.
 * @param maxBytes larger ones are refused
 * @throws NpmonError `config`
 */
export function readConfigText(path: string, maxBytes: number): ConfigText {
  let file: number;
  try {
    // Without O_NONBLOCK a named pipe holds whoever opens it until somebody writes.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw misfit(path, `it is ${kindOf(stat)}, not a file`);
    const bytes = readAll(file, maxBytes);
    if (bytes === null) {
      throw misfit(path, `it is larger than ${Math.floor(maxBytes / 2 ** 20)} MiB`);
    }
    return { text: decodeUtf8(path, bytes), isPublic: (stat.mode & 0o004) !== 0 };
  } catch (cause) {
    throw cause instanceof NpmonError ? cause : unreadable(path, cause);
  } finally {
    closeSync(file);
  }
}

/** `null` when there is more than that. A file of /proc says that its size is 0, so nothing is taken from there. */
function readAll(file: number, maxBytes: number): Buffer | null {
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(65_536);
    const got = readSync(file, chunk);
    if (got === 0) return Buffer.concat(chunks, length);
    length += got;
    if (length > maxBytes) return null;
    chunks.push(chunk.subarray(0, got));
  }
}

/** A byte order mark at the beginning stays in the text, so that writing it gives the same bytes. */
function decodeUtf8(path: string, bytes: Buffer): string {
  const [first, second] = bytes;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (isUtf16) throw misfit(path, "it is UTF-16; npmon reads UTF-8", SAVE_AS_UTF8);
  const nul = bytes.indexOf(0);
  if (nul >= 0)
    throw misfit(`${path}:${lineAt(bytes, nul)}`, "there is a NUL byte: this is no text", SAVE_AS_UTF8);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const line = lineAt(bytes, firstInvalid(bytes));
    throw misfit(`${path}:${line}`, "there is a byte that is no UTF-8, perhaps Latin-1", SAVE_AS_UTF8);
  }
}

const SAVE_AS_UTF8 = "Save it as UTF-8.";

/** Where the bytes begin to differ from what a forgiving reader makes of them. */
function firstInvalid(bytes: Buffer): number {
  const repaired = Buffer.from(bytes.toString("utf8"));
  const differs = bytes.findIndex((byte, index) => byte !== repaired[index]);
  return differs < 0 ? bytes.length : differs;
}

function lineAt(bytes: Buffer, offset: number): number {
  return bytes.subarray(0, offset).toString("latin1").split("\n").length;
}

function kindOf(stat: ReturnType<typeof fstatSync>): string {
  if (stat.isDirectory()) return "a directory";
  if (stat.isFIFO()) return "a named pipe";
  if (stat.isSocket()) return "a socket";
  return "a device";
}

function misfit(place: string, what: string, remedy = "Give --config a text file of YAML."): NpmonError {
  return new NpmonError("config", `${place}: ${what}`, remedy);
}

function unreadable(path: string, cause: unknown): NpmonError {
  const { code = "" } = cause as NodeJS.ErrnoException;
  const remedy = REMEDIES[code] ?? "Give --config a text file of YAML.";
  if (code === "ENXIO") return misfit(path, "it is a socket, not a file");
  if (code === "ENOENT") {
    const leadsTo = linkTarget(path);
    if (leadsTo !== null) return misfit(path, `it is a link to ${leadsTo}, which does not exist`, remedy);
    return new NpmonError("config", `${path}: there is no such file`, remedy, cause);
  }
  if (code === "ELOOP") return misfit(path, "its links lead in a circle");
  if (code === "EACCES" || code === "EPERM") {
    return new NpmonError("config", `${path}: this user may not read it`, remedy, cause);
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new NpmonError("config", `cannot read ${path}: ${reason}`, remedy, cause);
}

function linkTarget(path: string): string | null {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : null;
  } catch {
    return null;
  }
}
