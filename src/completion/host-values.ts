import { readlinkSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import type { ProcessTags } from "../flow/endpoint.ts";
import type { TagValue } from "../flow/tags.ts";
import { parseNetwork } from "../query/address.ts";
import { findCgroupRoot } from "../tag/cgroup-mount.ts";
import { ProcFs } from "../tag/proc-fs.ts";
import { ProcessTable } from "../tag/process-table.ts";
import { rangeOf } from "../tag/range.ts";
import type { Candidate } from "./command-line.ts";
import { readListeningPorts } from "./listening-ports.ts";
import type { HostKnowledge } from "./offer.ts";

/** Somebody waits for the answer with a finger on the key, and a host can have 100,000 processes. */
const BUDGET_MS = 100;
/** So many are read in any case, for a host that is out of breath still has to say something. */
const MIN_PROCESSES = 64;

/** One address of each kind that people ask for. */
const RANGE_SAMPLES = [
  "127.0.0.1",
  "10.0.0.1",
  "169.254.0.1",
  "100.64.0.1",
  "224.0.0.1",
  "192.0.2.1",
  "8.8.8.8",
];

/** Values of tags as they are on this host now, without tracing: what /proc and the network interfaces say. */
export class HostValues implements HostKnowledge {
  readonly #procRoot: string;
  readonly #nowMs: () => number;
  #processes: readonly ProcessTags[] | null = null;

  /** @param procRoot - `/proc`, or where the host's is mounted */
  constructor(procRoot: string, nowMs: () => number = () => performance.now()) {
    this.#procRoot = procRoot;
    this.#nowMs = nowMs;
  }

  /** Each value once, sorted; empty for a tag that nobody here knows. */
  valuesOf(tag: string): readonly string[] {
    switch (tag) {
      case "host":
        return [hostname()];
      case "ip":
        return sorted(this.#interfaces().map(({ address }) => address));
      case "subnet":
        return sorted(this.#interfaces().map(({ cidr }) => (cidr === null ? null : parseNetwork(cidr))));
      case "range":
        return sorted(RANGE_SAMPLES.map(rangeOf));
      case "port":
        return sorted(readListeningPorts(this.#procRoot));
      default:
        return sorted(this.#readProcesses().map((tags) => ownTag(tags, tag)));
    }
  }

  processes(): readonly Candidate[] {
    return this.#readProcesses().map(({ pid, process }) => ({ text: String(pid), meaning: process ?? "" }));
  }

  /** As many as can be read in a tenth of a second, the youngest first; kernel threads have no sockets. */
  #readProcesses(): readonly ProcessTags[] {
    if (this.#processes !== null) return this.#processes;
    const untilMs = this.#nowMs() + BUDGET_MS;
    const proc = new ProcFs(this.#procRoot);
    const table = new ProcessTable({ procRoot: this.#procRoot, cgroupRoot: findCgroupRoot() });
    const found: ProcessTags[] = [];
    for (const pid of [...proc.pids()].sort((a, b) => b - a)) {
      if (found.length >= MIN_PROCESSES && this.#nowMs() > untilMs) break;
      if (!hasExecutable(this.#procRoot, pid)) continue;
      const stat = proc.stat(pid);
      const tags = stat === null ? null : table.get(pid, stat.startTicks);
      if (tags !== null) found.push(tags);
    }
    this.#processes = found;
    return found;
  }

  #interfaces() {
    return Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  }
}

/** Labels and what belongs to addresses is not known of a process alone. */
function ownTag(tags: ProcessTags, tag: string): TagValue {
  if (tag === "labels" || !Object.hasOwn(tags, tag)) return null;
  return tags[tag as keyof Omit<ProcessTags, "labels">];
}

/** Kernel threads and what has ended have none; that of somebody else's process only cannot be read. */
function hasExecutable(procRoot: string, pid: number): boolean {
  try {
    readlinkSync(`${procRoot}/${pid}/exe`);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}

const collator = new Intl.Collator("en", { numeric: true });

function sorted(values: readonly TagValue[]): string[] {
  const known = values.filter((value) => value !== null).map(String);
  return [...new Set(known)].sort(collator.compare);
}
