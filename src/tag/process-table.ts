import { uptime } from "node:os";
import { performance } from "node:perf_hooks";
import { isDeepStrictEqual } from "node:util";
import type { ProcessTags } from "../flow/endpoint.ts";
import type { ProcessSighting } from "../flow/process.ts";
import { CgroupIndex } from "./cgroup-index.ts";
import { chooseCgroup, unifiedPath } from "./cgroup-membership.ts";
import { findCgroupRoot } from "./cgroup-mount.ts";
import { tagContainerId } from "./container.ts";
import { keepVariables } from "./environ.ts";
import type { ContainerFacts, PodFacts, ProcessFacts } from "./facts.ts";
import { PasswdFile } from "./passwd.ts";
import { ProcFs, type ProcReading } from "./proc-fs.ts";
import { VARIABLES } from "./saying.ts";
import { tagFacts } from "./taggers.ts";
import type { UserNames } from "./user.ts";

/** Everything the table asks of the world. All have the values of a real host by default. */
export interface ProcessTableDeps {
  /** `/proc`, or where the host's is mounted (`HOST_PROC`). */
  readonly procRoot?: string;
  /** Mount point of cgroup v2; found in the mount table by default. `null`: there is none. */
  readonly cgroupRoot?: string | null;
  /** What engines know of containers, by id; `null` while nobody has said it. By default nobody does. */
  readonly findContainer?: (containerId: string) => ContainerFacts | null;
  /** What Kubernetes knows of a pod, by the id of a container and by control group. By default there is no Kubernetes. */
  readonly findPod?: (containerId: string | null, cgroup: string | null) => PodFacts | null;
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
  /** What the tags were made of, but for what others may still say of its container. */
  facts: ProcessFacts;
  readonly cgroupId: bigint | null;
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
/** An engine on this host answers within some hundredths of a second; one that does not is not waited for. */
const ANSWER_MS = 1_000;

/**
 * The tags of processes by (pid, start time), computed at first sight because a short-lived process is gone at the
 * next poll. One frozen value a process, the same object every time.
 *
 * First sight can be early: between fork and exec a process has its parent's name, executable and environment, and
 * an engine moves it into its control group only around exec; and what an engine or Kubernetes says of a container
 * comes later still. So a process that was young and in no container is looked at twice more, and all processes of a
 * container are tagged again when something was said of it. Then `see` and `get` give a new object, and
 * {@link takeChanges} tells which one took the place of which. A later `exec` or change of name is not noticed.
 */
export class ProcessTable {
  readonly #proc: ProcFs;
  readonly #cgroups: CgroupIndex;
  readonly #users: UserNames;
  readonly #nowMs: () => number;
  readonly #uptimeMs: () => number;
  readonly #maxAgeMs: number;
  readonly #maxProcesses: number;
  readonly #findContainer: (containerId: string) => ContainerFacts | null;
  readonly #findPod: (containerId: string | null, cgroup: string | null) => PodFacts | null;
  readonly #entries = new Map<string, Entry>();
  /** Entries that are to be looked at again. */
  readonly #young = new Set<Entry>();
  /** Tags that others took the place of, and whose they were. */
  #replaced = new Map<ProcessTags, Entry>();
  #containersChanged = false;
  /** Tags of processes whose container nobody has named yet, and until when that is waited for. */
  readonly #awaited = new Map<ProcessTags, number>();

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
    this.#findContainer = deps.findContainer ?? (() => null);
    this.#findPod = deps.findPod ?? (() => null);
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

  /** Whether the name of the process's container may come any moment. */
  isAwaited(tags: ProcessTags): boolean {
    return this.#awaited.has(tags);
  }

  /** The labels of all containers and pods that processes are in, by name, with every value once. */
  labels(): readonly { readonly name: string; readonly values: readonly string[] }[] {
    const values = new Map<string, Set<string>>();
    for (const { tags } of this.#entries.values()) {
      for (const [name, value] of tags.labels ?? []) {
        const known = values.get(name) ?? new Set();
        values.set(name, known.add(value));
      }
    }
    return [...values].sort().map(([name, set]) => ({ name, values: [...set] }));
  }

  /** An engine or Kubernetes has said something new: the next {@link takeChanges} tags what it concerns again. */
  containersChanged(): void {
    this.#containersChanged = true;
  }

  /** Looks again where that is due, and gives what became better known since the last time: old tags to new ones. */
  takeChanges(nowMs: number): ReadonlyMap<ProcessTags, ProcessTags> {
    for (const entry of this.#young) if (nowMs >= entry.nextLookAtMs) this.#lookAgain(entry, nowMs);
    for (const [tags, untilMs] of this.#awaited) if (nowMs >= untilMs) this.#awaited.delete(tags);
    if (this.#containersChanged) {
      this.#containersChanged = false;
      for (const entry of this.#entries.values()) this.#askAgain(entry);
    }
    const changes = new Map([...this.#replaced].map(([tags, entry]) => [tags, entry.tags]));
    this.#replaced.clear();
    return changes;
  }

  /**
   * Drops the processes that have ended and were not asked for lately. Costs one listing of /proc and one file for
   * each living process that was not asked for; once a minute is plenty.
   *
   * @param nowMs - by the same clock as `deps.nowMs`
   */
  sweep(nowMs: number): void {
    let pids: Set<number> | null = null;
    for (const [key, entry] of this.#entries) {
      const { pid, startTicks, usedAtMs } = entry;
      if (nowMs - usedAtMs < this.#maxAgeMs) continue;
      pids ??= this.#proc.pids();
      const alive = pids.has(pid) && this.#proc.stat(pid)?.startTicks === startTicks;
      if (!alive) this.#forget(key, entry);
    }
  }

  #add(
    pid: number,
    startTicks: number,
    sighting: ProcessSighting | null,
    reading: ProcReading | null,
  ): ProcessTags {
    if (this.#entries.size >= this.#maxProcesses) this.#dropLeastUsed();
    const cgroupId = sighting?.cgroupId ?? null;
    const facts = this.#withContainer(this.#factsOf(pid, sighting, reading));
    const tags = tagFacts(facts, this.#users);
    const usedAtMs = this.#nowMs();
    const young = this.#uptimeMs() - startTicks * TICK_MS < YOUNG_MS;
    const again = reading === null ? tags.cgroup === null && cgroupId !== null : young;
    const nextLookAtMs =
      again && tags.container_id === null
        ? usedAtMs + (LOOK_AGAIN_AFTER_MS[0] ?? 0)
        : Number.POSITIVE_INFINITY;
    const entry = {
      pid,
      startTicks,
      tags,
      facts: slim(facts),
      cgroupId,
      fromProc: reading !== null,
      usedAtMs,
      looks: 1,
      nextLookAtMs,
    };
    this.#entries.set(keyOf(pid, startTicks), entry);
    if (isUnnamed(facts)) this.#awaited.set(tags, usedAtMs + ANSWER_MS);
    if (nextLookAtMs !== Number.POSITIVE_INFINITY) this.#young.add(entry);
    return tags;
  }

  #use(entry: Entry): ProcessTags {
    const nowMs = this.#nowMs();
    entry.usedAtMs = nowMs;
    if (nowMs >= entry.nextLookAtMs) this.#lookAgain(entry, nowMs);
    return entry.tags;
  }

  #lookAgain(entry: Entry, nowMs: number): void {
    const { pid, startTicks, fromProc, cgroupId } = entry;
    const reading = fromProc ? this.#proc.read(pid, startTicks) : null;
    // ended since the first look: what was read then is the best there is
    const settled = fromProc && (reading === null || reading.zombie);
    if (!settled) {
      const { comm, uid, environ } = entry.facts;
      const seen = { pid, startTicks, comm, uid, cgroupId, environ };
      this.#retag(entry, this.#withContainer(slim(this.#factsOf(pid, seen, reading))));
    }
    const pauseMs = LOOK_AGAIN_AFTER_MS[entry.looks];
    entry.looks++;
    if (settled || pauseMs === undefined || entry.tags.container_id !== null) {
      entry.nextLookAtMs = Number.POSITIVE_INFINITY;
      this.#young.delete(entry);
    } else {
      entry.nextLookAtMs = nowMs + pauseMs;
    }
  }

  #askAgain(entry: Entry): void {
    const facts = this.#withContainer(entry.facts);
    if (facts.container !== entry.facts.container || facts.pod !== entry.facts.pod) this.#retag(entry, facts);
  }

  #retag(entry: Entry, facts: ProcessFacts): void {
    entry.facts = facts;
    const tags = tagFacts(facts, this.#users);
    if (isDeepStrictEqual(tags, entry.tags)) return;
    this.#replaced.set(entry.tags, entry);
    this.#awaited.delete(entry.tags);
    if (isUnnamed(facts)) this.#awaited.set(tags, this.#nowMs() + ANSWER_MS);
    entry.tags = tags;
  }

  #factsOf(pid: number, sighting: ProcessSighting | null, reading: ProcReading | null): ProcessFacts {
    return {
      pid,
      comm: reading?.comm ?? sighting?.comm ?? null,
      exe: reading?.exe ?? null,
      uid: reading?.uid ?? sighting?.uid ?? null,
      cgroup: this.#cgroupOf(sighting?.cgroupId ?? null, reading),
      environ: reading?.environ ?? sighting?.environ ?? null,
      container: null,
      pod: null,
    };
  }

  /** With what is known by now of the container; what was known before stays when nobody knows it any more. */
  #withContainer(facts: ProcessFacts): ProcessFacts {
    if (facts.cgroup === null) return facts;
    const id = tagContainerId(facts);
    const container = id === null ? null : this.#findContainer(id);
    const pod = this.#findPod(id, facts.cgroup);
    return { ...facts, container: container ?? facts.container, pod: pod ?? facts.pod };
  }

  #cgroupOf(cgroupId: bigint | null, reading: ProcReading | null): string | null {
    const chosen = reading === null ? null : chooseCgroup(reading.cgroups);
    if (cgroupId === null) return chosen;
    if (reading === null || chosen === null) return this.#cgroups.pathOf(cgroupId);
    const unified = unifiedPath(reading.cgroups);
    if (unified !== null) this.#cgroups.learn(cgroupId, unified);
    return chosen;
  }

  #forget(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#young.delete(entry);
  }

  #dropLeastUsed(): void {
    const byUse = [...this.#entries].sort(([, a], [, b]) => a.usedAtMs - b.usedAtMs);
    for (const [key, entry] of byUse.slice(0, Math.max(1, this.#maxProcesses >> 3))) this.#forget(key, entry);
  }
}

function keyOf(pid: number, startTicks: number): string {
  return `${pid}:${startTicks}`;
}

/** In a container of which nobody has said anything yet. */
function isUnnamed(facts: ProcessFacts): boolean {
  return facts.container === null && facts.pod === null && tagContainerId(facts) !== null;
}

/** Without the kilobytes that no tagger looks at. */
function slim(facts: ProcessFacts): ProcessFacts {
  const { environ } = facts;
  return { ...facts, environ: environ === null ? null : keepVariables(environ, VARIABLES) };
}
