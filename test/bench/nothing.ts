import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type LoadedObject, openObject } from "../../src/ebpf/index.ts";
import { type ProgramTime, ProgramTimes } from "./program-times.ts";

const SOURCE = join(import.meta.dirname, "nothing.bpf.c");
const OBJECT = join(import.meta.dirname, "../../.cache/nothing.bpf.o");
const NAME = "nothing";

/** A BPF program of this process that does nothing at each change of a TCP socket's state. Ends with `close`. */
export class Nothing {
  readonly #object: LoadedObject;
  readonly #times: ProgramTimes;

  private constructor(object: LoadedObject) {
    this.#object = object;
    this.#times = new ProgramTimes(process.pid);
  }

  static attach(): Nothing {
    mkdirSync(join(OBJECT, ".."), { recursive: true });
    const include = `-I/usr/include/${process.arch === "x64" ? "x86_64" : process.arch}-linux-gnu`;
    const options = ["-g", "-O2", "-mcpu=v3", "-target", "bpfel", include];
    execFileSync("clang-19", [...options, "-c", SOURCE, "-o", OBJECT], { stdio: "inherit" });
    const object = openObject(pathToFileURL(OBJECT)).load();
    try {
      object.program(NAME).attach();
      return new Nothing(object);
    } catch (error) {
      object.close();
      throw error;
    }
  }

  /** While somebody has the statistics enabled. */
  read(): ProgramTime {
    return this.#times.read(NAME);
  }

  close(): void {
    this.#object.close();
  }
}
