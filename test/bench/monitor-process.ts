import { join } from "node:path";
import type { ProbeChoice } from "../../src/probe/open.ts";
import { bundleProgram } from "../bundle.ts";
import { Child } from "../traffic/child.ts";

const PROGRAM = join(import.meta.dirname, "monitor-program.ts");

/** Means over the ticks of one call; sums of the last of them. */
export interface MonitorTicks {
  readonly wallMs: number;
  readonly userMs: number;
  readonly kernelMs: number;
  readonly tracked: number;
  readonly lost: number;
  readonly bytes: number;
  readonly closed: number;
}

export interface MonitorMemory {
  /** Of V8, whether in use or not. */
  readonly heapBytes: number;
  /** After a garbage collection, which asking brings about. */
  readonly heapUsedBytes: number;
}

export interface MonitorProcessOptions {
  /** Flows; npmon's own default is 65,536. */
  readonly capacity: number;
  /** Default: the first that works. */
  readonly tier?: ProbeChoice;
  /** Flags of node. */
  readonly execArgv?: readonly string[];
}

/** npmon's monitor, grouping by service, in a process of its own that does nothing else. */
export class MonitorProcess implements AsyncDisposable {
  /** The tick that met all the sockets there were at the start. */
  readonly first: MonitorTicks;
  readonly #child: Child;

  private constructor(child: Child, first: MonitorTicks) {
    this.#child = child;
    this.first = first;
  }

  /** Ready when its probes are attached and its first tick is over. */
  static async open({
    capacity,
    tier = "auto",
    execArgv = [],
  }: MonitorProcessOptions): Promise<MonitorProcess> {
    const parameters = ["--expose-gc", ...execArgv, bundleProgram(PROGRAM), String(capacity), tier];
    const child = new Child(process.execPath, parameters, {});
    try {
      return new MonitorProcess(child, JSON.parse(await child.line()));
    } catch (error) {
      await child.close();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid;
  }

  /**
   * Ticks, one at once after the other: collect and publish. With `last`, as the end of a run does it.
   * @param passesMs - how much later than the one before it npmon takes each tick to be, besides the time it takes
   */
  tick(count = 1, last: "last" | "more" = "more", passesMs = 0): Promise<MonitorTicks> {
    return this.#ask(`tick ${count} ${last} ${passesMs}`);
  }

  /** Meets the processes that are new. */
  poll(): Promise<boolean> {
    return this.#ask("poll");
  }

  memory(): Promise<MonitorMemory> {
    return this.#ask("memory");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.endInput();
    await this.#child.exit;
  }

  async #ask<Answer>(command: string): Promise<Answer> {
    this.#child.write(`${command}\n`);
    return JSON.parse(await this.#child.line());
  }
}
