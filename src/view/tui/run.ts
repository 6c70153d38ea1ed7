import { setTimeout as turnOfLoop } from "node:timers/promises";
import type { ReadStream, WriteStream } from "node:tty";
import type { Snapshot } from "../../snapshot/snapshot.ts";
import { toAscii } from "../ascii.ts";
import type { Units } from "../format.ts";
import type { Ledger } from "../ledger.ts";
import type { ColorDepth } from "../paint.ts";
import type { Effect, TuiAction } from "./action.ts";
import { watchForeground } from "./foreground.ts";
import { openKeyboard } from "./keyboard.ts";
import { createPicture } from "./picture.ts";
import type { Question, QuestionPort } from "./question.ts";
import { reduceState } from "./reduce.ts";
import type { Played, ReplayPort } from "./replay.ts";
import { renderScreen, type Screen } from "./screen.ts";
import { createState, type TuiState } from "./state.ts";
import { openTerminal, type ScreenWriter } from "./terminal.ts";

export interface TuiOptions {
  /** Live snapshots, or what a recording gives. */
  readonly snapshots: AsyncIterable<Snapshot | Played>;
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  /** Where others may write meanwhile: kept back until the terminal is given back; `process.stderr` when absent. */
  readonly stderr?: WriteStream | undefined;
  /** Writes the screen in place of `stdout`; closed at the end. */
  readonly writer?: ScreenWriter | null | undefined;
  /** Column name, `-` before it for descending. */
  readonly sort?: string | undefined;
  readonly rows?: number | undefined;
  readonly units?: Units | undefined;
  readonly color: ColorDepth;
  /** The terminal shows nothing but ASCII. */
  readonly isAscii?: boolean | undefined;
  /** First words of the screen. */
  readonly title?: string | undefined;
  /** What the first snapshots answer. */
  readonly question?: Question | undefined;
  /** Who answers other questions; absent where there is nobody. */
  readonly questions?: QuestionPort | undefined;
  /** Plays the recording that the snapshots are from; absent when they are live. */
  readonly replay?: ReplayPort | undefined;
  /** Writes a snapshot to a file and says what became of it, in a few words. */
  readonly save?: ((path: string, snapshot: Snapshot) => Promise<string>) | undefined;
  /** Keep the last snapshot on the screen until a key ends it, as for a recording. */
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
  readonly totals: Ledger;
  readonly end: TuiEnd;
}

/** Longer than the first frame waits for its turn. */
const FIRST_FRAME_MS = 5;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Shows snapshots on the whole terminal until the reader quits, a signal comes or the snapshots end. However it ends,
 * the terminal is given back as it was before anything else is said or thrown.
 *
 * @throws what `snapshots` or the screen threw, and NpmonError `usage` for a sort column that does not exist
 */
export async function runTui(options: TuiOptions): Promise<TuiResult> {
  const { stdin, stdout, snapshots } = options;
  const iterator = snapshots[Symbol.asyncIterator]();
  const terminal = openTerminal({
    stdin,
    stdout,
    stderr: options.stderr ?? process.stderr,
    writer: options.writer ?? null,
    onWake: () => onResize(),
  });
  const ending = createDeferred<TuiEnd>();
  const picture = createPicture(terminal, (state) => draw(state, options), ending.reject);
  let state = createState({
    ...options,
    size: terminal.size(),
    port: options.questions,
    isReplay: options.replay !== undefined,
  });

  const dispatch = (action: TuiAction): void => {
    try {
      const before = state;
      state = reduceState(state, action);
      for (const effect of state.effects) perform(effect, options, terminal.setMouse, dispatch);
      if (state.isQuitting) ending.resolve("key");
      else if (state !== before) picture.show(state);
    } catch (error) {
      ending.reject(error);
    }
  };
  const keyboard = openKeyboard(stdin, (input) => {
    if (input.type === "key" && input.key === "ctrl-z") terminal.suspend();
    else dispatch(input);
  });
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
  let stopWatching = (): void => {};
  try {
    for (const signal of SIGNALS) process.on(signal, onSignal);
    stdin.on("end", onHangUp).on("error", onHangUp);
    stdout.on("resize", onResize).on("error", onHangUp);
    stopWatching = watchForeground(onHangUp);
    picture.show(state);
    // The first snapshot may be long in coming, and opening what it comes from stands still: something is seen before.
    await turnOfLoop(FIRST_FRAME_MS);
    const onEnd = options.hold === true ? null : () => ending.resolve("end");
    follow(iterator, ending.promise, dispatch, onEnd).catch(ending.reject);
    const reason = await ending.promise;
    end = reason;
    return { last: state.latest, totals: state.ledger, end: reason };
  } finally {
    picture.stop();
    stopWatching();
    for (const signal of SIGNALS) process.off(signal, onSignal);
    keyboard.close();
    stdin.off("end", onHangUp).off("error", onHangUp);
    stdout.off("resize", onResize).off("error", onHangUp);
    await terminal.close();
    if (end !== null && end !== "end") options.onQuit?.();
    // Not awaited: a generator that waits for its next tick would keep the reader waiting as long.
    iterator.return?.().catch(() => {});
  }
}

function draw(state: TuiState, { color, isAscii }: TuiOptions): Screen {
  const screen = renderScreen(state, color);
  return isAscii === true ? { ...screen, lines: screen.lines.map(toAscii) } : screen;
}

/** Does what the state wants done outside. */
function perform(
  effect: Effect,
  { questions, replay, save }: TuiOptions,
  setMouse: (isOn: boolean) => void,
  dispatch: (action: TuiAction) => void,
): void {
  switch (effect.type) {
    case "ask":
      if (questions !== undefined) dispatch({ type: "verdict", verdict: questions.ask(effect.question) });
      return;
    case "play":
      replay?.[effect.command]();
      return;
    case "step":
      replay?.step(effect.by);
      return;
    case "speed":
      replay?.setSpeed(effect.speed);
      return;
    case "mouse":
      setMouse(effect.isOn);
      return;
    case "save":
      if (save === undefined) return;
      save(effect.path, effect.snapshot).then(
        (text) => dispatch({ type: "notice", notice: { text, isTrouble: false } }),
        (error: unknown) =>
          dispatch({
            type: "notice",
            notice: { text: error instanceof Error ? error.message : String(error), isTrouble: true },
          }),
      );
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

/** Passes on snapshots until they end or the view does. */
async function follow(
  iterator: AsyncIterator<Snapshot | Played>,
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
    if ("isAnew" in next.value) dispatch({ type: "played", played: next.value });
    else dispatch({ type: "snapshot", snapshot: next.value });
  }
  dispatch({ type: "end" });
  onEnd?.();
}
