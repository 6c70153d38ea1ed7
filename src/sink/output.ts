/**
 * Stage `sink`: where text goes. Takes finished text, promises that a file is either the old one or the whole new
 * one, and that a reader who closes the pipe ends the work quietly.
 */
import { closeSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { NpmonError } from "../error/error.ts";
import { openPatientWriter } from "./patient-writer.ts";

export interface Output {
  /** Hands over text; resolves when it is written. */
  write(text: string): Promise<void>;
  /** Everything was written: the file takes its place. */
  finish(): void;
  /** Something went wrong: nothing is left behind. After `finish` it does nothing. */
  discard(): void;
}

/** How long a reader that takes nothing is waited for once npmon is asked to end, ms. */
const PATIENCE_MS = 2000;

/** Written at a time, so that a slow reader is told from one that has stopped. */
const PIECE_BYTES = 64 * 1024;

/**
 * Standard output. Writing never stops the process, only the one who awaits it. `onClosed` is called once when the
 * reader has gone away; what is written after that is dropped.
 *
 * @param ending after its abort, a reader that takes nothing for two seconds is an error
 */
export function openStandardOutput(
  stream: NodeJS.WriteStream & { readonly fd: number },
  onClosed: () => void,
  ending: AbortSignal,
): Output {
  let closed = false;
  // The write that met an error tells of it; the event must only not go unheard.
  stream.on("error", () => {});
  const terminal = stream.isTTY ? openPatientWriter(stream.fd) : null;
  const settle = (error: NodeJS.ErrnoException | null | undefined): void => {
    if (error === null || error === undefined) return;
    // A terminal that has hung up says EIO.
    if (error.code !== "EPIPE" && !(error.code === "EIO" && stream.isTTY)) {
      const remedy = "What standard output leads to must take what is written; a disk must have room.";
      throw new NpmonError("output_file", `cannot write standard output: ${error.message}`, remedy, error);
    }
    if (!closed) onClosed();
    closed = true;
  };
  const put = (piece: Buffer): Promise<NodeJS.ErrnoException | null | undefined> => {
    if (terminal === null) return new Promise((resolve) => stream.write(piece, resolve));
    terminal.write(piece);
    return terminal.whenIdle();
  };
  return {
    async write(text) {
      const bytes = Buffer.from(text);
      for (let start = 0; start < bytes.length && !closed; start += PIECE_BYTES) {
        const patience = startPatience(ending);
        try {
          settle(await Promise.race([put(bytes.subarray(start, start + PIECE_BYTES)), patience.over]));
        } finally {
          patience.stop();
        }
      }
    },
    finish: () => terminal?.close(),
    discard: () => {},
  };
}

/** `over` rejects when so much time has passed since the signal and nobody has stopped it. */
function startPatience(signal: AbortSignal): { readonly over: Promise<never>; readonly stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let start = (): void => {};
  const over = new Promise<never>((_, reject) => {
    start = () => {
      timer = setTimeout(() => {
        const message = `standard output has taken nothing for ${PATIENCE_MS / 1000} s: the last snapshot is not whole`;
        reject(new NpmonError("output_file", message, "Whoever reads it has to go on reading."));
      }, PATIENCE_MS);
    };
  });
  if (signal.aborted) start();
  else signal.addEventListener("abort", start, { once: true });
  return {
    over,
    stop: () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", start);
    },
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
