import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pause } from "./crowd.ts";
import { sumOf } from "./spread.ts";

/** A program that watches the traffic of this host, npmon or another one. */
export interface WatcherProgram {
  readonly name: string;
  readonly command: readonly string[];
  /** What it has said when it is at work. */
  readonly ready: RegExp;
}

const READY_MS = 20_000;
const END_MS = 3_000;
const LOOK_EVERY_MS = 50;
const NS_PER_MS = 1e6;
/** Ends with the bench, however that ends. */
const WITH_THE_BENCH = ["setpriv", "--pdeathsig", "KILL", "--"];

/**
 * A {@link WatcherProgram} at work. What it prints goes to a file without a name, so that nobody's CPU but its own is
 * spent on that. Ends with `await using`.
 */
export class Watcher implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #output: number;
  readonly #closed: Promise<unknown>;

  private constructor(child: ChildProcess, output: number) {
    this.#child = child;
    this.#output = output;
    this.#closed = once(child, "close");
    this.#closed.catch(() => {});
  }

  /**
   * Resolves when it is at work. Throws what it said when it ends before that.
   * @param within - put in front of the command, such as words that enter a namespace
   */
  static async start(
    { name, command, ready }: WatcherProgram,
    within: readonly string[] = [],
  ): Promise<Watcher> {
    const output = openUnnamed();
    const [program = "", ...parameters] = [...WITH_THE_BENCH, ...within, ...command];
    const watcher = new Watcher(spawn(program, parameters, { stdio: ["ignore", output, output] }), output);
    try {
      const until = performance.now() + READY_MS;
      while (!ready.test(watcher.output())) {
        if (!watcher.#isRunning) throw new Error(`${name}: ${watcher.output().trim() || "ended at once"}`);
        if (performance.now() > until) throw new Error(`${name} was not ready after ${READY_MS / 1000} s`);
        await pause(LOOK_EVERY_MS);
      }
      return watcher;
    } catch (error) {
      await watcher[Symbol.asyncDispose]();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** CPU time of all its threads so far, exact. */
  cpuMs(): number {
    const threads = readdirSync(`/proc/${this.pid}/task`);
    return sumOf(threads.map((thread) => threadNs(this.pid, thread))) / NS_PER_MS;
  }

  /** What it has printed so far, on stdout and stderr. */
  output(): string {
    const bytes = Buffer.alloc(fstatSync(this.#output).size);
    return bytes.toString("utf8", 0, readSync(this.#output, bytes, 0, bytes.length, 0));
  }

  /** Asks it to end as Ctrl-C does, makes it end when it does not, and gives what it has printed. */
  async stop(): Promise<string> {
    if (this.#isRunning) this.#child.kill("SIGINT");
    await Promise.race([this.#closed, pause(END_MS)]);
    if (this.#isRunning) this.#child.kill("SIGKILL");
    await this.#closed;
    return this.output();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.stop();
    } finally {
      closeSync(this.#output);
    }
  }

  get #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }
}

function threadNs(pid: number, thread: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  } catch {
    return 0;
  }
}

/** A file that is gone when it is closed. */
function openUnnamed(): number {
  const folder = mkdtempSync(join(tmpdir(), "npmon-bench-"));
  try {
    return openSync(join(folder, "output"), "w+");
  } finally {
    rmSync(folder, { recursive: true });
  }
}
