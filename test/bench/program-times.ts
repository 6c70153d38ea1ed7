import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { sumOf } from "./spread.ts";

export interface ProgramTime {
  readonly runs: number;
  readonly ns: number;
}

/**
 * The kernel's account of the BPF programs of one process, by name. It counts only while somebody has the statistics
 * enabled (`enableStats`). Read from the process's descriptors, because another npmon on this host has programs of
 * the same names.
 */
export class ProgramTimes {
  readonly #infoPaths: ReadonlyMap<string, string>;

  constructor(pid: number) {
    const paths = new Map<string, string>();
    for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
      const path = `/proc/${pid}/fdinfo/${fd}`;
      if (isProgram(path)) paths.set(nameOf(field(path, "prog_id")), path);
    }
    this.#infoPaths = paths;
  }

  /** Totals since the program was loaded. */
  read(name: string): ProgramTime {
    const path = this.#infoPaths.get(name);
    if (path === undefined) {
      throw new Error(`there is no program ${name}, only ${[...this.#infoPaths.keys()].join(", ")}`);
    }
    return { runs: field(path, "run_cnt"), ns: field(path, "run_time_ns") };
  }

  /** Totals since several programs were loaded, together; those that are not loaded ran for nothing. */
  sum(names: readonly string[]): ProgramTime {
    const loaded = names.filter((name) => this.#infoPaths.has(name)).map((name) => this.read(name));
    return { runs: sumOf(loaded.map(({ runs }) => runs)), ns: sumOf(loaded.map(({ ns }) => ns)) };
  }

  /** What the programs ran, together, while `work` went on. */
  async during(names: readonly string[], work: () => Promise<unknown>): Promise<ProgramTime> {
    const before = this.sum(names);
    await work();
    const after = this.sum(names);
    return { runs: after.runs - before.runs, ns: after.ns - before.ns };
  }
}

/** A descriptor of something else may be closed since it was listed. */
function isProgram(path: string): boolean {
  try {
    return /^run_cnt:/m.test(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

function field(path: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+)$`, "m").exec(readFileSync(path, "utf8"));
  if (match?.[1] === undefined) throw new Error(`${path} has no ${name}`);
  return Number(match[1]);
}

function nameOf(id: number): string {
  const output = execFileSync("bpftool", ["--json", "prog", "show", "id", String(id)], { encoding: "utf8" });
  const { name }: { readonly name: string } = JSON.parse(output);
  return name;
}
