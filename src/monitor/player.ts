import type { Snapshot } from "../snapshot/snapshot.ts";

/** What a player gives: the next snapshot, or all of them anew up to a place. */
export interface Played {
  readonly snapshots: readonly Snapshot[];
  /** They replace what was given before: the place or the question is another. */
  readonly isAnew: boolean;
  /** Place of the last of them in the recording, from 1. */
  readonly position: number;
  /** Snapshots in the recording; `null` while nobody knows. */
  readonly count: number | null;
}

/** Kept to step back to and to ask anew; the oldest are let go. */
const MAX_KEPT = 600;
const MAX_KEPT_ROWS = 100_000;

/** A recording may have been interrupted for days; nobody waits longer than this for the next snapshot, ms. */
const MAX_GAP_MS = 60_000;

/** A timer keeps the process alive while the reader looks at a snapshot that stands still. */
const IDLE_MS = 60_000;

/** Plays a recording in the time in which it happened, faster or slower, stops, goes on and steps. */
export class Player {
  readonly #source: AsyncIterator<Snapshot>;
  readonly #signal: AbortSignal;
  #answer: (snapshot: Snapshot) => Snapshot;
  /** As recorded. */
  #kept: Snapshot[] = [];
  #keptRows = 0;
  /** What was read and let go since. */
  #dropped = 0;
  /** Of what is kept, how much is shown. */
  #shown = 0;
  #isAtEnd = false;
  #isReading = false;
  #count: number | null = null;
  /** The reader does not know {@link #count} yet. */
  #hasNews = false;
  #failure: { readonly error: unknown } | null = null;
  #isPlaying = true;
  #speed = 1;
  #steps = 0;
  #isAnew = false;
  #lastGivenMs = Number.NEGATIVE_INFINITY;
  #wake: () => void = () => {};

  /**
   * @param answer turns a snapshot as recorded into one that answers the question
   * @param signal ends it
   */
  constructor(
    source: AsyncIterable<Snapshot>,
    answer: (snapshot: Snapshot) => Snapshot,
    signal: AbortSignal,
  ) {
    this.#source = source[Symbol.asyncIterator]();
    this.#answer = answer;
    this.#signal = signal;
  }

  pause(): void {
    this.#isPlaying = false;
    this.#wake();
  }

  resume(): void {
    this.#isPlaying = true;
    this.#wake();
  }

  /** Stops, and goes one snapshot on or back, as far as there is one. */
  step(by: 1 | -1): void {
    this.#isPlaying = false;
    this.#steps += by;
    this.#wake();
  }

  setSpeed(speed: number): void {
    this.#speed = speed;
    this.#wake();
  }

  /**
   * Answers another question from here on, with everything up to the place where it is.
   * @throws what `answer` throws for the snapshot that is shown; the old question stays then
   */
  ask(answer: (snapshot: Snapshot) => Snapshot): void {
    if (this.recorded !== null) answer(this.recorded);
    this.#answer = answer;
    this.#isAnew = true;
    this.#wake();
  }

  /** The snapshot that is shown, as recorded; `null` before the first. */
  get recorded(): Snapshot | null {
    return this.#kept[this.#shown - 1] ?? null;
  }

  /** Tells, when it becomes known, how many snapshots there are. */
  announce(count: number): void {
    this.#count = count;
    this.#hasNews = true;
    this.#wake();
  }

  /** Everything, until the signal says stop: at the end of the recording it waits for steps back. */
  async *play(): AsyncGenerator<Played> {
    try {
      while (!this.#signal.aborted) {
        this.#readAhead();
        if (this.#failure !== null) throw this.#failure.error;
        if (this.#isAnew || this.#steps < 0) {
          this.#shown = Math.max(Math.min(1, this.#shown), this.#shown + Math.min(0, this.#steps));
          this.#steps = 0;
          this.#isAnew = false;
          yield this.#give(this.#kept.slice(0, this.#shown), true);
        } else if (this.#hasNews) {
          this.#hasNews = false;
          yield this.#give([], false);
        } else if (this.#next !== undefined && (this.#steps > 0 || this.#dueInMs() <= 0)) {
          if (this.#steps > 0) this.#steps--;
          const next = this.#next;
          this.#shown++;
          yield this.#give([next], false);
        } else {
          if (this.#isAtEnd) this.#steps = 0;
          await this.#sleep();
        }
      }
    } finally {
      // Not awaited: it may be waiting for a line that never comes.
      this.#source.return?.().catch(() => {});
    }
  }

  get #next(): Snapshot | undefined {
    return this.#kept[this.#shown];
  }

  #give(snapshots: readonly Snapshot[], isAnew: boolean): Played {
    this.#lastGivenMs = performance.now();
    return {
      snapshots: snapshots.map(this.#answer),
      isAnew,
      position: this.#dropped + this.#shown,
      count: this.#count,
    };
  }

  /** Begins to read the one after the last, for the time until it is due lies between the two. */
  #readAhead(): void {
    if (this.#isReading || this.#isAtEnd || this.#next !== undefined) return;
    this.#isReading = true;
    const done = (): void => {
      this.#isReading = false;
      this.#wake();
    };
    this.#source.next().then(
      (read) => {
        if (read.done === true) this.#reachEnd();
        else this.#keep(read.value);
        done();
      },
      (error: unknown) => {
        this.#failure = { error };
        done();
      },
    );
  }

  #reachEnd(): void {
    this.#isAtEnd = true;
    // It is only reached with the last one shown, beyond which there is no step.
    this.#steps = Math.min(0, this.#steps);
    this.announce(this.#dropped + this.#kept.length);
  }

  #keep(snapshot: Snapshot): void {
    this.#kept.push(snapshot);
    this.#keptRows += snapshot.flows.length;
    while (this.#shown > 1 && (this.#kept.length > MAX_KEPT || this.#keptRows > MAX_KEPT_ROWS)) {
      this.#keptRows -= this.#kept.shift()?.flows.length ?? 0;
      this.#dropped++;
      this.#shown--;
    }
  }

  /** Time until the next one is due, ms; Infinity while it stands still. */
  #dueInMs(): number {
    const shown = this.recorded;
    const next = this.#next;
    if (!this.#isPlaying || next === undefined) return Number.POSITIVE_INFINITY;
    if (shown === null) return 0;
    const gapMs = Math.min(Math.max(Date.parse(next.end) - Date.parse(shown.end), 0), MAX_GAP_MS);
    return this.#lastGivenMs + gapMs / this.#speed - performance.now();
  }

  /** Until the next one is due, was read, or something was asked for. */
  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      const dueMs = this.#dueInMs();
      const timer = setTimeout(() => this.#wake(), Number.isFinite(dueMs) ? Math.max(0, dueMs) : IDLE_MS);
      const wake = (): void => {
        clearTimeout(timer);
        this.#wake = () => {};
        this.#signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#wake = wake;
      this.#signal.addEventListener("abort", wake, { once: true });
    });
  }
}
