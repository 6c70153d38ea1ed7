/**
 * Stage `monitor`: the only place that wires the others together, and the tick. Takes an opened probe and the table
 * of processes, gives snapshots.
 */
import { randomUUID } from "node:crypto";
import { FlowTable } from "../aggregate/flow-table.ts";
import type { Grouping } from "../aggregate/group.ts";
import { takeRows } from "../aggregate/rows.ts";
import type { PassReport, Probe, RecordSink } from "../probe/probe.ts";
import { SNAPSHOT_SCHEMA, type Snapshot, type SnapshotProbe, type Tier } from "../snapshot/snapshot.ts";
import type { ProcessTable } from "../tag/process-table.ts";

/** What the monitor needs to know of the machine and the time; tests give their own. */
export interface Surroundings {
  /** Milliseconds of a clock that is never set. */
  monotonicMs(): number;
  /** Milliseconds since 1970. */
  wallMs(): number;
  /** CPU time of this process so far, µs. */
  cpu(): { readonly user: number; readonly system: number };
  /** Resident memory of this process, bytes. */
  memoryBytes(): number;
}

export interface MonitorOptions {
  readonly probe: Probe;
  readonly processes: ProcessTable;
  /** The name that DNS answers gave an address; see {@link FlowTable}. */
  readonly findDomain?: (ip: string, netns: number) => string | null;
  readonly grouping: Grouping;
  readonly host: string;
  readonly surroundings: Surroundings;
  /** As in the snapshot's `filter`. */
  readonly filter: string | null;
}

const SWEEP_EVERY_MS = 60_000;

/** One tick is {@link collect} once or more, then {@link publish}. Inert until {@link start}. */
export class Monitor {
  readonly #options: MonitorOptions;
  readonly #flows: FlowTable;
  readonly #sink: RecordSink;
  #report = emptyReport();
  #startWallMs = 0;
  #startMonotonicMs = 0;
  #startCpu = { user: 0, system: 0 };
  #sweptMs = 0;

  constructor(options: MonitorOptions) {
    const { processes, grouping, host, findDomain = () => null } = options;
    this.#options = options;
    this.#flows = new FlowTable({
      host,
      grouping,
      findProcess: (pid, startTicks) => processes.get(pid, startTicks),
      findDomain,
    });
    const flows = this.#flows;
    this.#sink = {
      process: (sighting) => processes.see(sighting),
      open: (record) => flows.open(record),
      closed: (record) => flows.closed(record),
      vanished: (slot) => flows.vanished(slot),
    };
  }

  get tier(): Tier {
    return this.#options.probe.tier;
  }

  /** Why no better tier, and what this one cannot see; null when there is nothing to say. */
  get reason(): string | null {
    return this.#options.probe.reason;
  }

  /** Attaches the probe and begins the first interval. */
  start(): void {
    this.#options.probe.start();
    this.#beginInterval();
  }

  /** Between passes: meets new processes while they live. True when a pass should come now. */
  poll(): boolean {
    return this.#options.probe.poll(this.#sink);
  }

  /** One pass over the kernel's tables into the rows. */
  collect(last = false): void {
    const { probe, processes, surroundings } = this.#options;
    const now = surroundings.monotonicMs();
    this.#add(probe.collect(this.#sink, last));
    this.#flows.replaceProcesses(processes.takeChanges(now));
    probe.release(this.#flows.settle(last));
    if (now - this.#sweptMs > SWEEP_EVERY_MS) {
      processes.sweep(now);
      this.#sweptMs = now;
    }
  }

  /** Freezes what was counted since the last time and begins the next interval. */
  publish(): Snapshot {
    const { host, grouping, filter } = this.#options;
    const startWallMs = this.#startWallMs;
    const startMonotonicMs = this.#startMonotonicMs;
    const flows = takeRows(grouping);
    const probe = this.#health();
    this.#beginInterval();
    return Object.freeze({
      schema: SNAPSHOT_SCHEMA,
      id: randomUUID(),
      host,
      start: new Date(startWallMs).toISOString(),
      end: new Date(this.#startWallMs).toISOString(),
      interval_ms: Math.round(this.#startMonotonicMs - startMonotonicMs),
      group_by: grouping.names,
      filter,
      probe,
      flows,
    });
  }

  close(): void {
    this.#options.probe.close();
  }

  #beginInterval(): void {
    const { surroundings } = this.#options;
    this.#startWallMs = surroundings.wallMs();
    this.#startMonotonicMs = surroundings.monotonicMs();
    this.#startCpu = surroundings.cpu();
    this.#report = emptyReport();
    Object.assign(this.#flows.counters, { ended: 0, endedUnattributed: 0, backwards: 0 });
  }

  #add(report: PassReport): void {
    this.#report.lost += report.lost;
    this.#report.lostBytes += report.lostBytes;
    this.#report.lostNames += report.lostNames;
    this.#report.waiting = report.waiting;
    this.#report.closedBufferFill = Math.max(this.#report.closedBufferFill, report.closedBufferFill);
  }

  #health(): SnapshotProbe {
    const { probe, surroundings } = this.#options;
    const flows = this.#flows;
    const cpu = surroundings.cpu();
    return Object.freeze({
      tier: probe.tier,
      ...(probe.reason !== null && { reason: probe.reason }),
      lost: this.#report.lost,
      lost_bytes: this.#report.lostBytes,
      ...(this.#report.lostNames > 0 && { lost_names: this.#report.lostNames }),
      unattributed: flows.openUnattributed + flows.counters.endedUnattributed,
      flows: flows.openCount + flows.counters.ended,
      tracked: flows.openCount,
      capacity: probe.capacity,
      waiting: this.#report.waiting,
      backwards: flows.counters.backwards,
      closed_buffer_fill: Math.round(this.#report.closedBufferFill * 1000) / 1000,
      cpu_user_ms: (cpu.user - this.#startCpu.user) / 1000,
      cpu_system_ms: (cpu.system - this.#startCpu.system) / 1000,
      memory_bytes: surroundings.memoryBytes(),
    });
  }
}

function emptyReport(): {
  lost: number;
  lostBytes: number;
  lostNames: number;
  waiting: number;
  closedBufferFill: number;
} {
  return { lost: 0, lostBytes: 0, lostNames: 0, waiting: 0, closedBufferFill: 0 };
}
