import { emitKeypressEvents } from "node:readline";
import type { ReadStream, WriteStream } from "node:tty";
import type { Snapshot } from "../../snapshot/snapshot.ts";
import type { Units } from "../format.ts";
import type { Totals } from "../totals.ts";
import { type KeyPress, keyName } from "./keys.ts";
import { createPicture } from "./picture.ts";
import { createState, reduceState, type TuiAction, type TuiState } from "./state.ts";
import { openTerminal } from "./terminal.ts";

export interface TuiOptions {
  readonly snapshots: AsyncIterable<Snapshot>;
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  /** Where others may write meanwhile: kept back until the terminal is given back; `process.stderr` when absent. */
  readonly stderr?: WriteStream | undefined;
  /** Column name, `-` before it for descending. */
  readonly sort?: string | undefined;
  readonly rows?: number | undefined;
  readonly units?: Units | undefined;
  readonly color: boolean;
  /** First words of the screen. */
  readonly title?: string | undefined;
  /** Length of a window in ms, said until the first is over. */
  readonly intervalMs?: number | undefined;
  /** Keep the last snapshot on the screen until a key ends it, as for a replayed file. */
  readonly hold?: boolean | undefined;
  /** The reader or a signal asked to stop: end the snapshots. Called once, after the terminal is whole again. */
  readonly onQuit?: (() => void) | undefined;
}

/**
 * Why the view ended: a key, the end of the snapshots, or a signal. After `SIGHUP` the terminal may be gone: do not
 * write to it, and end the process by raising SIGHUP once more, for Node 20 aborts when it exits without its terminal.
 */
export type TuiEnd = "key" | "end" | "SIGINT" | "SIGTERM" | "SIGHUP";

export interface TuiResult {
  /** The newest snapshot, seen or not; `null` when none came. */
  readonly last: Snapshot | null;
  /** Running totals of the rows, {@link last} included. */
  readonly totals: Totals;
  readonly end: TuiEnd;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Shows snapshots on the whole terminal until the reader quits, a signal comes or the snapshots end. However it ends,
 * the terminal is given back as it was before anything else is said or thrown.
 *
 * @throws what `snapshots` or a component threw, and NpmonError `usage` for a sort column that does not exist
 */
export async function runTui(options: TuiOptions): Promise<TuiResult> {
  const { stdin, stdout, snapshots } = options;
  const renderScreen = await loadScreen();
  const iterator = snapshots[Symbol.asyncIterator]();
  const terminal = openTerminal({
    stdin,
    stdout,
    stderr: options.stderr ?? process.stderr,
    onWake: () => onResize(),
  });
  const ending = createDeferred<TuiEnd>();
  const picture = createPicture(terminal, (state) => renderScreen(state, options.color), ending.reject);
  let state = createState({ ...options, size: terminal.size() });

  const dispatch = (action: TuiAction): void => {
    try {
      const before = state;
      state = reduceState(state, action);
      if (state.isQuitting) ending.resolve("key");
      else if (state !== before) picture.show(state);
    } catch (error) {
      ending.reject(error);
    }
  };
  const onKey = (_text: string | undefined, press: KeyPress): void => {
    const key = keyName(press);
    if (key === "ctrl-z") terminal.suspend();
    else dispatch({ type: "key", key });
  };
  const onResize = (): void => {
    picture.forget();
    dispatch({ type: "resize", size: terminal.size() });
  };
  const onHangUp = (): void => ending.resolve("SIGHUP");
  const onSignal = (signal: NodeJS.Signals): void => {
    const known = SIGNALS.find((name) => name === signal);
    if (known !== undefined) ending.resolve(known);
  };

  let end: TuiEnd | null = null;
  try {
    for (const signal of SIGNALS) process.on(signal, onSignal);
    emitKeypressEvents(stdin);
    stdin.on("keypress", onKey).on("end", onHangUp).on("error", onHangUp);
    stdout.on("resize", onResize).on("error", onHangUp);
    stdin.resume();
    picture.show(state);
    follow(
      iterator,
      ending.promise,
      dispatch,
      options.hold === true ? null : () => ending.resolve("end"),
    ).catch(ending.reject);
    const reason = await ending.promise;
    end = reason;
    return { last: state.latest, totals: state.totals, end: reason };
  } finally {
    picture.stop();
    for (const signal of SIGNALS) process.off(signal, onSignal);
    stdin.off("keypress", onKey).off("end", onHangUp).off("error", onHangUp);
    stdout.off("resize", onResize).off("error", onHangUp);
    await terminal.close();
    if (end !== null && end !== "end") options.onQuit?.();
    // Not awaited: a generator that waits for its next tick would keep the reader waiting as long.
    iterator.return?.().catch(() => {});
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/** `Promise.withResolvers`, which Node has from 22 on. */
function createDeferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** Ink takes a quarter of a second to load, and React's development build keeps a record of every frame for ever. */
async function loadScreen(): Promise<(state: TuiState, color: boolean) => readonly string[]> {
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV ??= "production";
  try {
    return (await import("./screen.tsx")).renderScreen;
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
  }
}

/** Passes on snapshots until they end or the view does. */
async function follow(
  iterator: AsyncIterator<Snapshot>,
  ended: Promise<TuiEnd>,
  dispatch: (action: TuiAction) => void,
  onEnd: (() => void) | null,
): Promise<void> {
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  ended.then(over, over);
  for (;;) {
    const next = await iterator.next();
    if (isOver) return;
    if (next.done === true) break;
    dispatch({ type: "snapshot", snapshot: next.value });
  }
  dispatch({ type: "end" });
  onEnd?.();
}
