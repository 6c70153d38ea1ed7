/**
 * Stage `sink`: where text goes. Takes finished text, promises that a file is either the old one or the whole new
 * one, and that a reader who closes the pipe ends the work quietly.
 */
import { closeSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { NpmonError } from "../error/error.ts";

export interface Output {
  /** Hands over text; resolves when it is written. */
  write(text: string): Promise<void>;
  /** Everything was written: the file takes its place. */
  finish(): void;
  /** Something went wrong: nothing is left behind. After `finish` it does nothing. */
  discard(): void;
}

/** Standard output. `onClosed` is called once when the reader has gone away; what is written after that is dropped. */
export function openStandardOutput(stream: NodeJS.WriteStream, onClosed: () => void): Output {
  let closed = false;
  // The write that met an error tells of it; the event must only not go unheard.
  stream.on("error", () => {});
  const settle = (error: NodeJS.ErrnoException | null | undefined): void => {
    if (error === null || error === undefined) return;
    if (error.code !== "EPIPE") {
      const remedy = "What standard output leads to must take what is written; a disk must have room.";
      throw new NpmonError("output_file", `cannot write standard output: ${error.message}`, remedy, error);
    }
    if (!closed) onClosed();
    closed = true;
  };
  return {
    async write(text) {
      if (closed) return;
      settle(await new Promise((resolve) => stream.write(text, resolve)));
    },
    finish: () => {},
    discard: () => {},
  };
}

/**
 * A file that appears, or replaces the one there, only when it is finished. Until then the text is in `PATH.PID.tmp`.
 * @throws NpmonError `output_file`
 */
export function openOutputFile(path: string): Output {
  const attempt = <T>(what: string, action: () => T): T => {
    try {
      return action();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new NpmonError(
        "output_file",
        `cannot ${what} ${path}: ${reason}`,
        "Give -o a file in a folder that exists, that you may write to and that has room.",
        cause,
      );
    }
  };
  const place = attempt("write", () => placeOf(path));
  const temporary = place.isReplaced ? `${place.path}.${process.pid}.tmp` : place.path;
  // 0600: snapshots name processes, users and peers.
  const fd = attempt("write", () => openSync(temporary, "w", 0o600));
  let open = true;
  let isDone = false;
  const end = () => {
    if (open) closeSync(fd);
    open = false;
  };
  return {
    async write(text) {
      const bytes = Buffer.from(text);
      for (let done = 0; done < bytes.length; ) {
        done += attempt("write", () => writeSync(fd, bytes, done));
      }
    },
    finish() {
      end();
      if (place.isReplaced) attempt("replace", () => renameSync(temporary, place.path));
      isDone = true;
    },
    discard() {
      end();
      if (!isDone && place.isReplaced) rmSync(temporary, { force: true });
      isDone = true;
    },
  };
}

/**
 * Where to write: a link leads to its file, and what is no regular file (`/dev/null`, a named pipe) is written to as
 * it is, for a rename would put a file in its place.
 */
function placeOf(path: string): { readonly path: string; readonly isReplaced: boolean } {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { path, isReplaced: true };
  return { path: realpathSync(path), isReplaced: found.isFile() || found.isDirectory() };
}
