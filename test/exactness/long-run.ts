import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSnapshotDecoder } from "../../src/snapshot/decode.ts";
import { readLines } from "../../src/snapshot/lines.ts";
import type { Snapshot, SnapshotFlow } from "../../src/snapshot/snapshot.ts";
import { startNpmon, tracing } from "../commands/npmon.ts";

const SETUP = join(import.meta.dirname, "../../bin/setup.sh");
const SNAPSHOTS = "snapshots.ndjson";
const SAMPLE_EVERY_MS = 1_000;
/** A descriptor that is open for a moment, for a look into /proc, is no leak: the fewest of some looks count. */
const LOOKS = 5;
const KIB = 1024;

/** What npmon held at one moment. */
export interface Sample {
  readonly residentBytes: number;
  readonly descriptors: number;
}

export interface LongRunResult {
  readonly snapshots: number;
  readonly lost: number;
  readonly lostBytes: number;
  /** Of the snapshots that lost any. */
  readonly causes: readonly string[];
  readonly backwards: number;
  readonly mostTracked: number;
  readonly mostWaiting: number;
  readonly cpuMs: number;
  /** The longest interval: how long npmon was kept from its work at worst. */
  readonly longestMs: number;
  /** One a second. */
  readonly samples: readonly Sample[];
}

/**
 * The command as it is shipped, in a process of its own, watched from outside. It writes to a file, so that nobody
 * who reads slowly holds it up. Ends with `await using`.
 */
export class LongRun implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #closed: Promise<unknown[]>;
  readonly #samples: Sample[] = [];
  #timer: NodeJS.Timeout | undefined;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    this.#closed = once(child, "close");
  }

  /** `npmon export --json`, a snapshot every 100 ms. */
  static async start(groupBy: string): Promise<LongRun> {
    execFileSync("bash", [SETUP, "run"], { stdio: ["ignore", "ignore", "inherit"] });
    const folder = mkdtempSync(join(tmpdir(), "npmon-long-"));
    const file = openSync(join(folder, SNAPSHOTS), "w");
    const parameters = ["export", "--json", "-d", "100ms", "-c", "1000000", "-g", groupBy];
    const child = startNpmon(parameters, { stdio: ["ignore", file, "pipe"] });
    closeSync(file);
    const run = new LongRun(child, folder);
    await tracing(child);
    run.#timer = setInterval(() => run.#sample(), SAMPLE_EVERY_MS);
    return run;
  }

  /** Ends npmon as a person would, its last snapshot included, and hands over every row that it wrote. */
  async stop(onRow: (row: SnapshotFlow) => void): Promise<LongRunResult> {
    clearInterval(this.#timer);
    this.#child.kill("SIGINT");
    const [code] = await this.#closed;
    if (code !== 0) throw new Error(`npmon export ended with ${code}`);
    const decode = createSnapshotDecoder();
    const sums = {
      snapshots: 0,
      lost: 0,
      lostBytes: 0,
      causes: [] as string[],
      backwards: 0,
      mostTracked: 0,
      mostWaiting: 0,
      cpuMs: 0,
      longestMs: 0,
    };
    for await (const line of readLines(join(this.#folder, SNAPSHOTS))) {
      const { flows, probe, interval_ms }: Snapshot = decode(line, "stdout");
      sums.snapshots++;
      sums.lost += probe.lost;
      if (probe.lost_causes !== undefined) sums.causes.push(JSON.stringify(probe.lost_causes));
      sums.lostBytes += probe.lost_bytes;
      sums.backwards += probe.backwards;
      sums.mostTracked = Math.max(sums.mostTracked, probe.tracked);
      sums.mostWaiting = Math.max(sums.mostWaiting, probe.waiting);
      sums.cpuMs += probe.cpu_user_ms + probe.cpu_system_ms;
      sums.longestMs = Math.max(sums.longestMs, interval_ms);
      flows.forEach(onRow);
    }
    return { ...sums, samples: this.#samples };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#child.kill("SIGKILL");
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.#closed;
    rmSync(this.#folder, { recursive: true });
  }

  #sample(): void {
    const { pid } = this.#child;
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const resident = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    const looks = Array.from({ length: LOOKS }, () => readdirSync(`/proc/${pid}/fd`).length);
    this.#samples.push({ residentBytes: Number(resident) * KIB, descriptors: Math.min(...looks) });
  }
}

/** A quarter of the samples, 0 to 3. */
export function quarterOf(samples: readonly Sample[], quarter: 0 | 1 | 2 | 3): readonly Sample[] {
  const size = samples.length / 4;
  return samples.slice(Math.round(quarter * size), Math.round((quarter + 1) * size));
}

export function leastResident(samples: readonly Sample[]): number {
  return Math.min(...samples.map(({ residentBytes }) => residentBytes));
}
