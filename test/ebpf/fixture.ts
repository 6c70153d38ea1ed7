import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import {
  type BpfObject,
  EbpfError,
  type EbpfErrorCode,
  type LoadedObject,
  openObject,
} from "../../src/ebpf/index.ts";
import { RUN_TYPESCRIPT } from "../typescript.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Path of a file in `fixtures/`. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}

/** Opens `library.bpf.o`, lets the test set it up, loads it, and closes it after the test. */
export async function withLibrary(
  test: (object: LoadedObject) => void | Promise<void>,
  prepare: (object: BpfObject) => void = () => {},
): Promise<void> {
  const opened = openObject(fixture("library.bpf.o"));
  prepare(opened);
  const object = opened.load();
  try {
    await test(object);
  } finally {
    object.close();
  }
}

/** For assert.throws: an EbpfError with this code, whose message holds the text. */
export function ebpfError(code: EbpfErrorCode, text: string): (error: unknown) => boolean {
  return (error) => {
    if (error instanceof EbpfError && error.code === code && error.message.includes(text)) return true;
    throw new Error(`expected EbpfError ${code} with "${text}"`, { cause: error });
  };
}

/** A 4-byte key or value. */
export function u32(...values: number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer);
}

/** An 8-byte value. */
export function u64(...values: bigint[]): Buffer {
  return Buffer.from(BigUint64Array.from(values).buffer);
}

/** Offsets in `counts`, the beginning of .bss. */
export const COUNTS = { execs: 0, tasks: 8, elements: 16, lost: 24, packets: 32 } as const;

/** A count, read through a mapping of .bss of its own. */
export function readCount(object: LoadedObject, count: keyof typeof COUNTS): number {
  const bss = object.map(".bss").mmap();
  try {
    return Number(bss.view.getBigUint64(COUNTS[count], true));
  } finally {
    bss.close();
  }
}

/** The command line that runs `fixtures/child.ts` with these arguments. */
export function childCommand(...args: string[]): string[] {
  return [process.execPath, ...RUN_TYPESCRIPT, fixture("child.ts"), ...args];
}

/** Starts a command; it writes to this process's stderr. */
export function start([command = "", ...args]: readonly string[]) {
  return spawn(command, args, { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] });
}

/** Runs a command to its end and returns what it printed; throws unless it ended with 0. */
export async function run(command: readonly string[]): Promise<string> {
  const child = start(command);
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (code !== 0) throw new Error(`child ended with ${code ?? signal}: ${text}`);
  return text;
}
