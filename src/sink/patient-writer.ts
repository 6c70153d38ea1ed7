import { closeSync, constants, openSync, writeSync } from "node:fs";

/** A terminal that is full is tried again after this, ms; that is 25 times its buffer of 4 KiB in a second at least. */
const RETRY_MS = 10;

/** Writes to a terminal that may not take it now (Ctrl-S, a stalled connection), without waiting for it; must be closed. */
export interface PatientWriter {
  /** Takes the text and writes it as the terminal takes it; dropped after an error. */
  readonly write: (text: string | Uint8Array) => void;
  /** Whether everything was taken. */
  readonly isIdle: () => boolean;
  /** Resolves when everything was taken, or when it failed, with the error of that. */
  readonly whenIdle: () => Promise<NodeJS.ErrnoException | null>;
  /** For the very end: waits by standing still, at most so long, ms. */
  readonly finish: (patienceMs: number) => void;
  readonly close: () => void;
}

/**
 * Opens the terminal behind a descriptor anew, so that whoever shares the descriptor keeps it as it is: Node's own
 * writes to a terminal stand still, with the whole process, until it takes them.
 * @returns `null` where it cannot be opened; write to the descriptor itself then
 */
export function openPatientWriter(fd: number): PatientWriter | null {
  let own: number;
  try {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    own = openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return null;
  }
  let pending: Uint8Array[] = [];
  let done = 0;
  let failure: NodeJS.ErrnoException | null = null;
  let timer: NodeJS.Timeout | null = null;
  let waiting: (() => void)[] = [];

  const settle = (): void => {
    const resolves = waiting;
    waiting = [];
    for (const resolve of resolves) resolve();
  };
  /** Writes as much as goes. */
  const push = (): void => {
    try {
      for (let [first] = pending; first !== undefined; [first] = pending) {
        done += writeSync(own, first, done);
        if (done < first.length) continue;
        pending.shift();
        done = 0;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return;
      failure = error as NodeJS.ErrnoException;
      pending = [];
    }
    settle();
  };
  const turn = (): void => {
    timer = null;
    push();
    if (pending.length > 0) timer = setTimeout(turn, RETRY_MS);
  };
  return {
    write: (text) => {
      if (failure !== null || text.length === 0) return;
      pending.push(typeof text === "string" ? Buffer.from(text) : text);
      if (timer === null) turn();
    },
    isIdle: () => pending.length === 0,
    whenIdle: async () => {
      if (pending.length > 0) await new Promise<void>((resolve) => waiting.push(resolve));
      return failure;
    },
    finish: (patienceMs) => {
      const until = performance.now() + patienceMs;
      push();
      while (pending.length > 0 && performance.now() < until) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
        push();
      }
    },
    close: () => {
      if (timer !== null) clearTimeout(timer);
      pending = [];
      settle();
      closeSync(own);
    },
  };
}
