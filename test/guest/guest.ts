import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { guestTree } from "./contents.ts";
import { writeArchive } from "./cpio.ts";
import { COMMANDS_FOLDER, commandScript, initScript } from "./init.ts";
import type { Kernel } from "./kernel.ts";
import { runMachine } from "./machine.ts";
import { parseVerdicts } from "./verdict.ts";

const ROOT = join(import.meta.dirname, "../..");
/** Booting takes some seconds; on a machine that does much else besides, ten times as long was seen. */
const BOOT_TIMEOUT_MS = 120_000;
const COMMAND_TIMEOUT_MS = 180_000;
const ATTEMPTS = 2;

export interface GuestOptions {
  /**
   * Files and folders of this machine that the guest is to have besides, at the same path. The shared libraries that
   * they need come along.
   */
  readonly files?: readonly string[];
  /** A command is killed then (its status is 137); what it had printed comes back. 180 s unless told otherwise. */
  readonly timeoutMs?: number;
  /** Nothing in it but busybox: such a guest is ready in a third of the time. */
  readonly bare?: boolean;
  /** 1024 unless told otherwise. */
  readonly memoryMb?: number;
}

/** What a command did in a guest. */
export interface GuestRun {
  /** Exit status; 128 and the number of a signal when it was killed. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What the kernel said. */
  readonly console: string;
  /** From the start of the machine to its end, with whatever else ran in it. */
  readonly seconds: number;
}

/**
 * Boots a kernel in an emulated machine, runs a command there as root, in this repository, and powers off.
 *
 * The guest has node, npmon as it was built, and what `contents.ts` bundles, all at the paths that they have here:
 * `[process.execPath, "test/guest/inside.js"]` is a command. A guest that gives no verdict is started
 * once more; a verdict is what it is.
 *
 * @throws when the second guest gives no verdict either
 */
export async function runInGuest(
  kernel: Kernel,
  command: readonly string[],
  options: GuestOptions = {},
): Promise<GuestRun> {
  const [run] = await runAllInGuest(kernel, [command], options);
  return run as GuestRun;
}

/** As {@link runInGuest}, but several commands, one after the other in one guest: to boot takes as long as many tests. */
export async function runAllInGuest(
  kernel: Kernel,
  commands: readonly (readonly string[])[],
  options: GuestOptions = {},
): Promise<readonly GuestRun[]> {
  const { timeoutMs = COMMAND_TIMEOUT_MS, memoryMb = 1024 } = options;
  const initramfsFd = await pack(kernel, commands, timeoutMs, options);
  try {
    const consoles: string[] = [];
    while (consoles.length < ATTEMPTS) {
      const startMs = performance.now();
      const output = await runMachine({
        vmlinuz: kernel.vmlinuz,
        initramfsFd,
        memoryMb,
        timeoutMs: BOOT_TIMEOUT_MS + timeoutMs * commands.length,
      });
      const seconds = (performance.now() - startMs) / 1000;
      const verdicts = parseVerdicts(output.verdict, commands.length);
      if (verdicts !== null) {
        return verdicts.map(({ status, stdout, stderr }) => ({
          status,
          stdout: stdout.toString("utf8"),
          stderr: stderr.toString("utf8"),
          console: output.console,
          seconds,
        }));
      }
      consoles.push(
        `${output.timedOut ? "timed out" : "ended"} after ${seconds.toFixed(1)} s\n${output.console}`,
      );
    }
    throw new Error(`the guest with Linux ${kernel.version} gave no verdict, twice: ${consoles.join("\n")}`);
  } finally {
    closeSync(initramfsFd);
  }
}

/** Packs the initramfs into a file that has no name any more, and so vanishes with the process. */
async function pack(
  kernel: Kernel,
  commands: readonly (readonly string[])[],
  timeoutMs: number,
  { files = [], bare = false }: GuestOptions,
): Promise<number> {
  const tree = await guestTree(kernel, bare);
  for (const file of files) tree.add(file);
  tree.write("/init", initScript(ROOT, Math.ceil(timeoutMs / 1000)), 0o755);
  for (const [index, command] of commands.entries()) {
    tree.write(`${COMMANDS_FOLDER}/${String(index).padStart(2, "0")}`, commandScript(command));
  }

  const folder = mkdtempSync(join(ROOT, ".cache/guest/initramfs."));
  const fd = openSync(join(folder, "cpio"), "w+");
  rmSync(folder, { recursive: true });
  writeArchive(fd, tree.entries);
  return fd;
}
