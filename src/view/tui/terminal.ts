import { setImmediate as turnOfLoop } from "node:timers/promises";
import type { ReadStream, WriteStream } from "node:tty";
import { holdWords } from "./held-words.ts";
import type { Size } from "./state.ts";

/**
 * Alternate screen, cursor hidden, pastes marked as such, and no wrapping: a name that a terminal draws wider than it
 * says stays on its line.
 */
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?7l\x1b[2J\x1b[H";
/** Buttons and the wheel, in the form that has no limit of columns (SGR). */
const MOUSE_ON = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF = "\x1b[?1006l\x1b[?1000l";
const LEAVE = `\x1b[?2026l\x1b[0m${MOUSE_OFF}\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l`;

/** How long a terminal that takes nothing is waited for when it is given back, ms. */
const PATIENCE_MS = 500;

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

/** Writes to a terminal without waiting for it. */
export interface ScreenWriter {
  readonly write: (text: string) => void;
  /** Resolves when everything was taken, or nothing more will be. */
  readonly whenIdle: () => Promise<unknown>;
  /** Waits for that standing still, at most so long, ms. */
  readonly finish: (patienceMs: number) => void;
  readonly close: () => void;
}

/** A terminal taken over; must be closed, whatever happens. */
export interface Terminal {
  readonly size: () => Size;
  readonly write: (text: string) => void;
  /** Resolves when the terminal has taken what was written. */
  readonly whenIdle: () => Promise<unknown>;
  /** Whether it tells of the mouse; at first it does. */
  readonly setMouse: (isOn: boolean) => void;
  /** Gives the terminal back and stops the process group, as Ctrl-Z does elsewhere; takes it again when woken. */
  readonly suspend: () => void;
  /** Gives the terminal back as it was. More than once does no harm. */
  readonly close: () => Promise<void>;
}

export interface TerminalOptions {
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  readonly stderr: WriteStream;
  /** Takes the place of `stdout` for writing, so that a stalled terminal does not stop the process; closed with it. */
  readonly writer: ScreenWriter | null;
  /** The screen is empty again: draw all of it. */
  readonly onWake: () => void;
}

/** A process group that nobody would wake does not stop at all; then the screen comes back after this, ms. */
const WAKE_MS = 100;

/**
 * Takes the terminal: raw keys, alternate screen, no cursor, no words from elsewhere. It is given back by `close`, and
 * when the process exits without having called it.
 */
export function openTerminal(options: TerminalOptions): Terminal {
  const { stdin, stdout, stderr, onWake } = options;
  const writer = options.writer ?? plainWriter(stdout);
  const wasRaw = stdin.isRaw === true;
  let isMouseOn = true;
  let releaseWords: (() => void) | null = null;
  let wakeTimer: NodeJS.Timeout | undefined;

  const take = (): void => {
    if (releaseWords !== null) return;
    releaseWords = holdWords(stderr);
    stdin.setRawMode(true);
    writer.write(ENTER + (isMouseOn ? MOUSE_ON : ""));
  };
  const giveBack = (): void => {
    if (releaseWords === null) return;
    // A terminal that hung up refuses all of it; there is nothing left to restore then.
    attempt(() => writer.write(LEAVE));
    attempt(() => writer.finish(PATIENCE_MS));
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
      if (releaseWords !== null) writer.write(text);
    },
    whenIdle: writer.whenIdle,
    setMouse: (isOn) => {
      isMouseOn = isOn;
      if (releaseWords !== null) writer.write(isOn ? MOUSE_ON : MOUSE_OFF);
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
      writer.close();
    },
  };
}

function plainWriter(stdout: WriteStream): ScreenWriter {
  return {
    write: (text) => stdout.write(text),
    whenIdle: async () => {},
    finish: () => {},
    close: () => {},
  };
}

function attempt(action: () => unknown): void {
  try {
    action();
  } catch {
    // Restoring goes on with the next step.
  }
}
