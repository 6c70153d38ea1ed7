import { uptime } from "node:os";
import { performance } from "node:perf_hooks";
import { isDeepStrictEqual } from "node:util";
import type { ProcessTags } from "../flow/endpoint.ts";
import type { ProcessSighting } from "../flow/process.ts";
import { CgroupIndex } from "./cgroup-index.ts";
import { chooseCgroup, unifiedPath } from "./cgroup-membership.ts";
import { findCgroupRoot } from "./cgroup-mount.ts";
import { keepVariables } from "./environ.ts";
import type { ProcessFacts } from "./facts.ts";
import { PasswdFile } from "./passwd.ts";
import { ProcFs, type ProcReading } from "./proc-fs.ts";
import { SERVICE_VARIABLES } from "./service.ts";
import { tagFacts } from "./taggers.ts";
import type { UserNames } from "./user.ts";

/** Everything the table asks of the world. All have the values of a real host by default. */
export interface ProcessTableDeps {
  /** `/proc`, or where the host's is mounted (`HOST_PROC`). */
  readonly procRoot?: string;
  /** Mount point of cgroup v2; found in the mount table by default. `null`: there is none. */
  readonly cgroupRoot?: string | null;
  /** By default /etc/passwd, with a `procRoot` elsewhere that of the host's process 1. */
  readonly users?: UserNames;
  /** Monotonic clock, milliseconds. */
  readonly nowMs?: () => number;
  /** Milliseconds since boot, the clock of start times. */
  readonly uptimeMs?: () => number;
  /** An ended process is dropped when nobody asked for it this long. Default 5 minutes. */
  readonly maxAgeMs?: number;
  /** Over this many, the eighth that went longest without being asked for is dropped. Default 65,536. */
  readonly maxProcesses?: number;
}

interface Entry {
  readonly pid: number;
  readonly startTicks: number;
  tags: ProcessTags;
  /** Kept until the last look. */
  sighting: ProcessSighting | null;
  /** False when it was gone before /proc was read. */
  readonly fromProc: boolean;
  usedAtMs: number;
  looks: number;
  /** When to look again; infinite when not. */
  nextLookAtMs: number;
}

/** A process younger than this at first sight may not have reached its container yet, or its `exec`. */
const YOUNG_MS = 5_000;
/** How long after the first look the second and the third one are due. */
const LOOK_AGAIN_AFTER_MS: readonly number[] = [500, YOUNG_MS];
const TICK_MS = 10;

/**
 * The tags of processes by (pid, start time), computed at first sight because a short-lived process is gone at the
 * next poll. One frozen value a process, the same object every time.
 *
 * First sight can be early: between fork and exec a process has its parent's name, executable and environment, and
 * an engine moves it into its control group only around exec. So a process that was young and in no container is
 * looked at twice more when it is asked for again; if something changed, `see` and `get` give a new object from
 * then on. Flows that hold the old object keep it, so the flows opened in the first moments of such a process may
 * be listed without its container. A later `exec` or change of name is not noticed.
 */
export class ProcessTable {
  readonly #proc: ProcFs;
  readonly #cgroups: CgroupIndex;
  readonly #users: UserNames;
  readonly #nowMs: () => number;
  readonly #uptimeMs: () => number;
  readonly #maxAgeMs: number;
  readonly #maxProcesses: number;
  readonly #entries = new Map<string, Entry>();

  constructor(deps: ProcessTableDeps = {}) {
    const { procRoot = "/proc", cgroupRoot, nowMs = () => performance.now() } = deps;
    this.#proc = new ProcFs(procRoot);
    this.#cgroups = new CgroupIndex(() => (cgroupRoot === undefined ? findCgroupRoot() : cgroupRoot), nowMs);
    this.#users =
      deps.users ??
      new PasswdFile(procRoot === "/proc" ? "/etc/passwd" : `${procRoot}/1/root/etc/passwd`, nowMs);
    this.#nowMs = nowMs;
    this.#uptimeMs = deps.uptimeMs ?? (() => uptime() * 1_000);
    this.#maxAgeMs = deps.maxAgeMs ?? 5 * 60_000;
    this.#maxProcesses = deps.maxProcesses ?? 65_536;
  }

  /** Processes remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * The tags of a process that was sighted. Reads /proc at first sight; keeps what the sighting says where /proc has
   * nothing, because the process is gone or its pid belongs to another start time. Does not throw.
   */
  see(sighting: ProcessSighting): ProcessTags {
    const { pid, startTicks } = sighting;
    const entry = this.#entries.get(keyOf(pid, startTicks));
    if (entry !== undefined) return this.#use(entry);
    return this.#add(pid, startTicks, sighting, this.#proc.read(pid, startTicks));
  }

  /**
   * The tags of a process that is remembered or, if this start time still has the pid, alive. `null` when nothing
   * can be known. Does not throw.
   */
  get(pid: number, startTicks: number): ProcessTags | null {
    const entry = this.#entries.get(keyOf(pid, startTicks));
    if (entry !== undefined) return this.#use(entry);
    const reading = this.#proc.read(pid, startTicks);
    return reading === null ? null : this.#add(pid, startTicks, null, reading);
  }

  /**
   * Drops the processes that have ended and were not asked for lately. Costs one listing of /proc and one file for
   * each living process that was not asked for; once a minute is plenty.
   *
   * @param nowMs - by the same clock as `deps.nowMs`
   */
  sweep(nowMs: number): void {
    let pids: Set<number> | null = null;
    for (const [key, { pid, startTicks, usedAtMs }] of this.#entries) {
      if (nowMs - usedAtMs < this.#maxAgeMs) continue;
      pids ??= this.#proc.pids();
      const alive = pids.has(pid) && this.#proc.stat(pid)?.startTicks === startTicks;
      if (!alive) this.#entries.delete(key);
    }
  }

  #add(
    pid: number,
    startTicks: number,
    sighting: ProcessSighting | null,
    reading: ProcReading | null,
  ): ProcessTags {
    if (this.#entries.size >= this.#maxProcesses) this.#dropLeastUsed();
    const tags = this.#tag(pid, sighting, reading);
    const usedAtMs = this.#nowMs();
    const young = this.#uptimeMs() - startTicks * TICK_MS < YOUNG_MS;
    const again = reading === null ? tags.cgroup === null && sighting?.cgroupId != null : young;
    const nextLookAtMs =
      again && tags.container_id === null
        ? usedAtMs + (LOOK_AGAIN_AFTER_MS[0] ?? 0)
        : Number.POSITIVE_INFINITY;
    const kept = nextLookAtMs === Number.POSITIVE_INFINITY || sighting === null ? null : slim(sighting);
    this.#entries.set(keyOf(pid, startTicks), {
      pid,
      startTicks,
      tags,
      sighting: kept,
      fromProc: reading !== null,
      usedAtMs,
      looks: 1,
      nextLookAtMs,
    });
    return tags;
  }

  #use(entry: Entry): ProcessTags {
    const nowMs = this.#nowMs();
    entry.usedAtMs = nowMs;
    if (nowMs >= entry.nextLookAtMs) this.#lookAgain(entry, nowMs);
    return entry.tags;
  }

  #lookAgain(entry: Entry, nowMs: number): void {
    const reading = entry.fromProc ? this.#proc.read(entry.pid, entry.startTicks) : null;
    // ended since the first look: what was read then is the best there is
    const settled = entry.fromProc && (reading === null || reading.zombie);
    if (!settled) this.#retag(entry, reading);
    const pauseMs = LOOK_AGAIN_AFTER_MS[entry.looks];
    entry.looks++;
    if (settled || pauseMs === undefined || entry.tags.container_id !== null) {
      entry.nextLookAtMs = Number.POSITIVE_INFINITY;
      entry.sighting = null;
    } else {
      entry.nextLookAtMs = nowMs + pauseMs;
    }
  }

  #retag(entry: Entry, reading: ProcReading | null): void {
    const tags = this.#tag(entry.pid, entry.sighting, reading);
    if (!isDeepStrictEqual(tags, entry.tags)) entry.tags = tags;
  }

  #tag(pid: number, sighting: ProcessSighting | null, reading: ProcReading | null): ProcessTags {
    const facts: ProcessFacts = {
      pid,
      comm: reading?.comm ?? sighting?.comm ?? null,
      exe: reading?.exe ?? null,
      uid: reading?.uid ?? sighting?.uid ?? null,
      cgroup: this.#cgroupOf(sighting?.cgroupId ?? null, reading),
      environ: reading?.environ ?? sighting?.environ ?? null,
    };
    return tagFacts(facts, this.#users);
  }

  #cgroupOf(cgroupId: bigint | null, reading: ProcReading | null): string | null {
    const chosen = reading === null ? null : chooseCgroup(reading.cgroups);
    if (cgroupId === null) return chosen;
    if (reading === null || chosen === null) return this.#cgroups.pathOf(cgroupId);
    const unified = unifiedPath(reading.cgroups);
    if (unified !== null) this.#cgroups.learn(cgroupId, unified);
    return chosen;
  }

  #dropLeastUsed(): void {
    const byUse = [...this.#entries].sort(([, a], [, b]) => a.usedAtMs - b.usedAtMs);
    for (const [key] of byUse.slice(0, Math.max(1, this.#maxProcesses >> 3))) this.#entries.delete(key);
  }
}

function keyOf(pid: number, startTicks: number): string {
  return `${pid}:${startTicks}`;
}

/** Without the kilobytes that no tagger looks at. */
function slim(sighting: ProcessSighting): ProcessSighting {
  const { environ } = sighting;
  return { ...sighting, environ: environ === null ? null : keepVariables(environ, SERVICE_VARIABLES) };
}
