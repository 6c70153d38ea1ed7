import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

export interface LaunchOptions {
  /** Words put in front of the command, such as those that enter a namespace. */
  readonly within?: readonly string[];
  /** Variables added to the environment of the program. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running program whose stdout is read line by line. Ends with `close`, which touches no other process. */
export class Child {
  readonly #process: ChildProcess;
  readonly #command: string;
  readonly #exit: Promise<Exit>;
  #lines: string[] = [];
  #partial = "";
  #errors = "";
  #waiting: (() => void) | null = null;
  #ended = false;

  constructor(program: string, parameters: readonly string[], { within = [], env = {} }: LaunchOptions) {
    const [command = "", ...rest] = [...within, program, ...parameters];
    this.#command = [command, ...rest].join(" ");
    this.#process = spawn(command, rest, {
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#process.stdout?.setEncoding("utf8").on("data", (text: string) => this.#take(text));
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
    // EPIPE when the program ended first; its exit says so better
    this.#process.stdin?.on("error", () => {});
    this.#exit = once(this.#process, "close").then(([code, signal]) => {
      this.#ended = true;
      this.#waiting?.();
      return { code, signal };
    });
    this.#exit.catch(() => this.#waiting?.());
  }

  /** Pid of what was spawned; with `within`, of the program too, because `ip netns exec` turns into it. */
  get pid(): number {
    return this.#process.pid ?? -1;
  }

  get exit(): Promise<Exit> {
    return this.#exit;
  }

  /** The next line of stdout. Throws when the program ends without one, with what it said on stderr. */
  async line(): Promise<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      if (this.#ended) {
        const { code, signal } = await this.#exit;
        throw new Error(`${this.#command}: ended with ${code ?? signal} and no answer. ${this.#errors}`);
      }
      await Promise.race([
        this.#exit,
        new Promise<void>((resolve) => {
          this.#waiting = resolve;
        }),
      ]);
    }
  }

  write(text: string): void {
    this.#process.stdin?.write(text);
  }

  endInput(): void {
    this.#process.stdin?.end();
  }

  /** Kills the program if it is still there and waits for its end. */
  async close(): Promise<void> {
    if (!this.#ended) this.#process.kill("SIGKILL");
    await this.#exit;
  }

  #take(text: string): void {
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    this.#lines.push(...lines);
    this.#waiting?.();
  }
}
