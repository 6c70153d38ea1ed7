import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { compileProgram } from "../traffic/compile.ts";

const SOURCE = join(import.meta.dirname, "cost.c");
const execFileDone = promisify(execFile);

/** What one run of a program cost, by the kernel's account of the ended process. */
export interface Cost {
  readonly userMs: number;
  readonly kernelMs: number;
  readonly wallMs: number;
}

/** Runs a program `count` times, its output to /dev/null. */
export async function costOf(count: number, command: readonly string[]): Promise<readonly Cost[]> {
  const { stdout } = await execFileDone(compileProgram([SOURCE]), [String(count), ...command]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => {
      const [userMs = 0, kernelMs = 0, wallMs = 0] = line.split(" ").map((us) => Number(us) / 1000);
      return { userMs, kernelMs, wallMs };
    });
}
