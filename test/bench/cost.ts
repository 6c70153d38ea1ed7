import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const SOURCE = join(import.meta.dirname, "cost.c");
const CACHE = join(import.meta.dirname, "../../.cache");
const COMPILER = "clang-19";
const execFileDone = promisify(execFile);

/** What one run of a program cost, by the kernel's account of the ended process. */
export interface Cost {
  readonly userMs: number;
  readonly kernelMs: number;
  readonly wallMs: number;
}

/** Runs a program `count` times, its output to /dev/null. */
export async function costOf(count: number, command: readonly string[]): Promise<readonly Cost[]> {
  const { stdout } = await execFileDone(buildCost(), [String(count), ...command]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => {
      const [userMs = 0, kernelMs = 0, wallMs = 0] = line.split(" ").map((us) => Number(us) / 1000);
      return { userMs, kernelMs, wallMs };
    });
}

function buildCost(): string {
  const program = join(CACHE, "cost");
  if (existsSync(program) && statSync(program).mtimeMs >= statSync(SOURCE).mtimeMs) return program;
  mkdirSync(CACHE, { recursive: true });
  execFileSync(COMPILER, ["-O2", "-Wall", "-Werror", SOURCE, "-o", program], { stdio: "inherit" });
  return program;
}
