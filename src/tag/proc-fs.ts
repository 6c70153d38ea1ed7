import { closeSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { type CgroupMembership, parseCgroupFile } from "./cgroup-membership.ts";
import { type ProcStat, parseEffectiveUid, parseProcStat } from "./proc-stat.ts";

/** What /proc says of one process that was the same process before and after it was read. */
export interface ProcReading {
  readonly comm: string;
  /** It has ended, see {@link ProcStat.zombie}: little of the rest is left. */
  readonly zombie: boolean;
  readonly exe: string | null;
  readonly uid: number | null;
  readonly cgroups: readonly CgroupMembership[];
  /** Every entry ends with NUL unless it was cut off at the limit; `null` when there is none or it may not be read. */
  readonly environ: string | null;
}

/** Environments can be megabytes; the variables that matter are looked for in this much. */
const MAX_ENVIRON_BYTES = 128 * 1024;
/** More than a path of the longest kind in each of a dozen v1 hierarchies. */
const MAX_FILE_BYTES = 64 * 1024;

interface FileText {
  readonly text: string;
  /** There may be more of it. */
  readonly cut: boolean;
}

/** A mounted procfs, or a directory that looks like one. Reads synchronously: a few microseconds a file. */
export class ProcFs {
  readonly #root: string;
  readonly #buffer = Buffer.allocUnsafe(MAX_ENVIRON_BYTES);

  /** @param root - `/proc`, or where the host's is mounted */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Everything about a process, or `null` when no process of that pid and start time is there from beginning to end
   * of the reading. The start time is checked on both sides because the pid may pass to another process meanwhile.
   */
  read(pid: number, startTicks: number): ProcReading | null {
    if (this.stat(pid)?.startTicks !== startTicks) return null;
    const exe = this.#link(pid, "exe");
    const status = this.#text(pid, "status", MAX_FILE_BYTES);
    const cgroup = this.#text(pid, "cgroup", MAX_FILE_BYTES);
    const environ = this.#text(pid, "environ", MAX_ENVIRON_BYTES);
    const after = this.stat(pid);
    if (after?.startTicks !== startTicks) return null;
    return {
      comm: after.comm,
      zombie: after.zombie,
      exe,
      uid: status === null ? null : parseEffectiveUid(status.text),
      cgroups: cgroup === null ? [] : parseCgroupFile(cgroup.text),
      environ: environ === null ? null : terminated(environ),
    };
  }

  /** `null` when there is no such process now. */
  stat(pid: number): ProcStat | null {
    const stat = this.#text(pid, "stat", MAX_FILE_BYTES);
    return stat === null ? null : parseProcStat(stat.text);
  }

  /** The pids of now. */
  pids(): Set<number> {
    try {
      return new Set(readdirSync(this.#root).map(Number).filter(Number.isInteger));
    } catch {
      return new Set();
    }
  }

  #link(pid: number, name: string): string | null {
    try {
      return readlinkSync(`${this.#root}/${pid}/${name}`, "utf8");
    } catch {
      return null; // a kernel thread, a process that is gone, or one we may not look into
    }
  }

  #text(pid: number, name: string, maxBytes: number): FileText | null {
    let file: number;
    try {
      file = openSync(`${this.#root}/${pid}/${name}`, "r");
    } catch {
      return null;
    }
    try {
      let length = 0;
      while (length < maxBytes) {
        const got = readSync(file, this.#buffer, length, maxBytes - length, null);
        if (got === 0) break;
        length += got;
      }
      return { text: this.#buffer.toString("utf8", 0, length), cut: length === maxBytes };
    } catch {
      return null; // ESRCH: it ended between open and read
    } finally {
      closeSync(file);
    }
  }
}

/** A zombie and a kernel thread have an empty one, which says nothing about what it was. */
function terminated({ text, cut }: FileText): string | null {
  if (text === "") return null;
  return cut ? text : `${text}\0`;
}
