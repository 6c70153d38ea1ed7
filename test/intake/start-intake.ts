import type { ChildProcess } from "node:child_process";
import { startNpmon } from "../commands/npmon.ts";

/** An `npmon intake` of its own process. */
export interface RunningIntake {
  readonly child: ChildProcess;
  readonly url: string;
  readonly port: number;
  /** What it has written on stderr so far. */
  said(): string;
}

/** Starts one on a port of its own choice and resolves when it listens. */
export function startIntake(args: readonly string[]): Promise<RunningIntake> {
  const scheme = args.includes("--cert-file") ? "https" : "http";
  return listening(startNpmon(["intake", "--listen", "127.0.0.1:0", ...args]), scheme);
}

/** Resolves when the process says that it listens. */
export function listening(child: ChildProcess, scheme = "http"): Promise<RunningIntake> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk;
      const port = Number(/listening on 127\.0\.0\.1:(\d+)/.exec(said)?.[1] ?? 0);
      if (port !== 0) resolve({ child, port, url: `${scheme}://127.0.0.1:${port}`, said: () => said });
    });
    child.on("close", () => reject(new Error(said)));
  });
}

/** Ends it and gives its exit code, or the name of the signal that ended it. */
export function endIntake({ child }: RunningIntake, signal: NodeJS.Signals): Promise<number | string> {
  const status = (): number | string => child.exitCode ?? child.signalCode ?? -1;
  if (status() !== -1) return Promise.resolve(status());
  return new Promise((resolve) => {
    child.on("exit", () => resolve(status()));
    child.kill(signal);
  });
}
