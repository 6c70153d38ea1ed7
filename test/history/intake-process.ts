import type { ChildProcess } from "node:child_process";
import { startNpmon } from "../commands/npmon.ts";

/** A real `npmon intake`; must be ended. */
export interface IntakeProcess {
  readonly child: ChildProcess;
  readonly port: number;
  end(signal?: NodeJS.Signals): Promise<void>;
}

export async function startIntake(args: readonly string[], address = "127.0.0.1"): Promise<IntakeProcess> {
  const child = startNpmon(["intake", "--listen", `${address}:0`, ...args]);
  const port = await new Promise<number>((resolve, reject) => {
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk;
      const found = /listening on [\d.]+:(\d+)/.exec(said)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
    child.on("close", () => reject(new Error(said)));
  });
  return {
    child,
    port,
    end: (signal = "SIGTERM") =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.on("exit", () => resolve());
        child.kill(signal);
      }),
  };
}
