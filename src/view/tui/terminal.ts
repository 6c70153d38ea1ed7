import { setImmediate as turnOfLoop } from "node:timers/promises";
import type { ReadStream, WriteStream } from "node:tty";
import type { Size } from "./geometry.ts";
import { holdWords } from "./held-words.ts";

/** Alternate screen, cursor hidden, and no wrapping: a name that a terminal draws wider than it says stays on its line. */
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J\x1b[H";
const LEAVE = "\x1b[?2026l\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

/** Where neither the terminal nor the system says. */
const DEFAULT_SIZE: Size = { columns: 80, rows: 24 };

/** Whether there is a terminal that a full screen can be drawn on; if not, print plain tables. */
export function canRunTui(
  stdin: { readonly isTTY?: boolean | undefined },
  stdout: { readonly isTTY?: boolean | undefined },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const term = env.TERM ?? "";
  return stdin.isTTY === true && stdout.isTTY === true && term !== "" && term !== "dumb";
}

/** A terminal taken over; must be closed, whatever happens. */
export interface Terminal {
  readonly size: () => Size;
  readonly write: (text: string) => void;
  /** Gives the terminal back and stops the process group, as Ctrl-Z does elsewhere; takes it again when woken. */
  readonly suspend: () => void;
  /** Gives the terminal back as it was. More than once does no harm. */
  readonly close: () => Promise<void>;
}

export interface TerminalOptions {
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  readonly stderr: WriteStream;
  /** The screen is empty again: draw all of it. */
  readonly onWake: () => void;
}

/** A process group that nobody would wake does not stop at all; then the screen comes back after this, ms. */
const WAKE_MS = 100;

/**
 * Takes the terminal: raw keys, alternate screen, no cursor, no words from elsewhere. It is given back by `close`, and
 * when the process exits without having called it.
 */
export function openTerminal({ stdin, stdout, stderr, onWake }: TerminalOptions): Terminal {
  const wasRaw = stdin.isRaw === true;
  let releaseWords: (() => void) | null = null;
  let wakeTimer: NodeJS.Timeout | undefined;

  const take = (): void => {
    if (releaseWords !== null) return;
    releaseWords = holdWords(stderr);
    stdin.setRawMode(true);
    stdout.write(ENTER);
  };
  const giveBack = (): void => {
    if (releaseWords === null) return;
    // A terminal that hung up refuses all of it; there is nothing left to restore then.
    attempt(() => stdout.write(LEAVE));
    attempt(() => stdin.setRawMode(wasRaw));
    attempt(releaseWords);
    releaseWords = null;
  };
  const wake = (): void => {
    clearTimeout(wakeTimer);
    process.off("SIGCONT", wake);
    take();
    onWake();
  };
  // After a hang-up writes fail later and elsewhere, as events; who reads the result has been told by then.
  const ignore = (): void => {};

  process.on("exit", giveBack);
  stdout.on("error", ignore);
  stdin.on("error", ignore);
  try {
    take();
  } catch (error) {
    giveBack();
    throw error;
  }

  return {
    size: () => {
      const { columns, rows } = stdout;
      return { columns: columns || DEFAULT_SIZE.columns, rows: rows || DEFAULT_SIZE.rows };
    },
    write: (text) => {
      if (releaseWords !== null) stdout.write(text);
    },
    suspend: () => {
      giveBack();
      process.on("SIGCONT", wake);
      wakeTimer = setTimeout(wake, WAKE_MS);
      process.kill(0, "SIGTSTP");
    },
    close: async () => {
      clearTimeout(wakeTimer);
      process.off("SIGCONT", wake);
      giveBack();
      process.off("exit", giveBack);
      stdin.pause();
      await turnOfLoop();
      stdout.off("error", ignore);
      stdin.off("error", ignore);
    },
  };
}

function attempt(action: () => unknown): void {
  try {
    action();
  } catch {
    // Restoring goes on with the next step.
  }
}
