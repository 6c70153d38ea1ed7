/**
 * Stage `sink`: where text goes. Takes finished text, promises that a file is either the old one or the whole new
 * one, and that a reader who closes the pipe ends the work quietly.
 */
import { closeSync, openSync, renameSync, unlinkSync, writeSync } from "node:fs";
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
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    if (!closed) onClosed();
    closed = true;
  });
  return {
    write: (text) =>
      closed ? Promise.resolve() : new Promise((resolve) => stream.write(text, () => resolve())),
    finish: () => {},
    discard: () => {},
  };
}

/**
 * A file that appears, or replaces the one there, only when it is finished. Until then the text is in `PATH.PID.tmp`.
 * @throws NpmonError `output_file`
 */
export function openOutputFile(path: string): Output {
  const temporary = `${path}.${process.pid}.tmp`;
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
  // 0600: snapshots name processes, users and peers.
  const fd = attempt("write", () => openSync(temporary, "w", 0o600));
  let open = true;
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
      attempt("replace", () => renameSync(temporary, path));
    },
    discard() {
      if (!open) return;
      end();
      unlinkSync(temporary);
    },
  };
}
