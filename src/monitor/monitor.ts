/**
 * Stage `monitor`: the only place that wires the others together, and the tick. Takes an opened probe and the table
 * of processes, gives snapshots.
 */
import { randomUUID } from "node:crypto";
import { FlowTable } from "../aggregate/flow-table.ts";
import { Grouping } from "../aggregate/group.ts";
import { takeRows } from "../aggregate/rows.ts";
import type { Endpoint } from "../flow/endpoint.ts";
import type { Flow } from "../flow/flow.ts";
import type { PassReport, Probe, RecordSink } from "../probe/probe.ts";
import { compileFlowFilter } from "../query/compile-filter.ts";
import { compileRowFilter, type RowFilter } from "../query/compile-row-filter.ts";
import { splitFilter } from "../query/filter.ts";
import { formatFilter } from "../query/format-filter.ts";
import {
  LOSS_CAUSES,
  type LossCause,
  SNAPSHOT_SCHEMA,
  type Snapshot,
  type SnapshotProbe,
  type Tier,
} from "../snapshot/snapshot.ts";
import type { Question } from "./question.ts";
import type { TagSources } from "./tag-sources.ts";

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
  /** Gives back what this process only keeps for later. */
  releaseMemory(): void;
}

export interface MonitorOptions {
  readonly probe: Probe;
  readonly sources: TagSources;
  /** The first one; see {@link Monitor.ask}. */
  readonly question: Question;
  /** Which flows count whatever is asked; by default all. */
  readonly traces?: (flow: Flow) => boolean;
  /** Tags that the user defined. */
  readonly userTags?: readonly string[];
  readonly host: string;
  readonly surroundings: Surroundings;
}

const SWEEP_EVERY_MS = 60_000;
/** The first time soon: what only the start needed is garbage by then. */
const FIRST_SWEEP_MS = 5_000;

/** One tick is {@link collect} once or more, then {@link publish}. Inert until {@link start}. */
export class Monitor {
  readonly #options: MonitorOptions;
  readonly #flows: FlowTable;
  readonly #sink: RecordSink;
  #asked: Asked;
  #report = emptyReport();
  #startWallMs = 0;
  #startMonotonicMs = 0;
  #startCpu = { user: 0, system: 0 };
  #sweepAtMs = 0;

  constructor(options: MonitorOptions) {
    const { sources, question, host, surroundings } = options;
    const { processes } = sources;
    this.#options = options;
    this.#asked = prepare(question, options);
    this.#flows = new FlowTable({
      host,
      grouping: this.#asked.grouping,
      findProcess: (pid, startTicks) => processes.get(pid, startTicks),
      isAwaited: (process) => processes.isAwaited(process),
      findDomain: (ip, netns) => sources.findDomain(ip, netns),
    });
    const flows = this.#flows;
    this.#sink = {
      process: (sighting) => processes.see(sighting),
      dns: (sighting) => sources.learn(sighting, surroundings.monotonicMs()),
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
    this.#sweepAtMs = this.#startMonotonicMs + FIRST_SWEEP_MS;
  }

  /** Between passes: meets new processes while they live. True when a pass should come now. */
  poll(): boolean {
    return this.#options.probe.poll(this.#sink);
  }

  /** One pass over the kernel's tables into the rows. */
  collect(last = false): void {
    const { sources, surroundings } = this.#options;
    const now = surroundings.monotonicMs();
    this.#pass(last);
    if (now >= this.#sweepAtMs) {
      sources.sweep(now);
      surroundings.releaseMemory();
      this.#sweepAtMs = now + SWEEP_EVERY_MS;
    }
  }

  /** Freezes what was counted since the last time and begins the next interval. */
  publish(): Snapshot {
    const { host } = this.#options;
    const { grouping, filter, acceptsRow } = this.#asked;
    const startWallMs = this.#startWallMs;
    const startMonotonicMs = this.#startMonotonicMs;
    const rows = takeRows(grouping);
    const probe = this.#health();
    this.#beginInterval();
    const intervalMs = Math.round(this.#startMonotonicMs - startMonotonicMs);
    const flows =
      acceptsRow === null ? rows : Object.freeze(rows.filter((row) => acceptsRow(row, intervalMs)));
    return Object.freeze({
      schema: SNAPSHOT_SCHEMA,
      id: randomUUID(),
      host,
      start: new Date(startWallMs).toISOString(),
      end: new Date(this.#startWallMs).toISOString(),
      interval_ms: intervalMs,
      group_by: grouping.names,
      filter,
      probe,
      flows,
    });
  }

  /**
   * Counts for another question from here on. What was counted until now is in the snapshot that this returns, the
   * last one for the old question; the next one begins where it ends, so nothing is lost and nothing counted twice.
   */
  ask(question: Question): Snapshot {
    const asked = prepare(question, this.#options);
    this.#pass(false, true);
    const answer = this.publish();
    this.#asked = asked;
    this.#flows.regroup(asked.grouping);
    return answer;
  }

  /** The labels of the containers and pods that were met, by name, with every value. */
  labels(): readonly { readonly name: string; readonly values: readonly string[] }[] {
    return this.#options.sources.processes.labels();
  }

  /** How it stands with those who are asked what things are called, a line each for people. */
  sourceLines(): readonly string[] {
    return this.#options.sources.lines();
  }

  close(): void {
    this.#options.probe.close();
    this.#options.sources.close();
  }

  /** @param settlesAll - as at the end: flows that have ended wait no longer for their other end */
  #pass(last: boolean, settlesAll = last): void {
    const { probe, sources, surroundings } = this.#options;
    this.#add(probe.collect(this.#sink, last));
    const { processes, addresses } = sources.takeChanges(surroundings.monotonicMs());
    this.#flows.replaceProcesses(processes);
    this.#flows.renameAddresses(addresses);
    probe.release(this.#flows.settle(settlesAll));
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
    for (const cause of LOSS_CAUSES) this.#report.lost[cause] += report.lost[cause] ?? 0;
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
      ...describeLost(this.#report.lost),
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

/** A question made ready to be answered. It holds its rows. */
interface Asked {
  readonly grouping: Grouping;
  /** As in the snapshot. */
  readonly filter: string | null;
  readonly acceptsRow: RowFilter | null;
}

function prepare({ groupBy, filter }: Question, options: MonitorOptions): Asked {
  const { sources, traces = () => true, userTags = [] } = options;
  const lookup = (endpoint: Endpoint, tag: string) => sources.tags.valueOf(endpoint, tag);
  const { flows = null, rows = null } = filter === null ? {} : splitFilter(filter);
  const fits = flows === null ? null : compileFlowFilter(flows, lookup);
  return {
    grouping: new Grouping({
      groupBy,
      lookup,
      accepts: fits === null ? traces : (flow) => traces(flow) && fits(flow),
      userTags,
    }),
    filter: filter === null ? null : formatFilter(filter),
    acceptsRow: rows === null ? null : compileRowFilter(rows),
  };
}

interface Report {
  readonly lost: Record<LossCause, number>;
  lostBytes: number;
  lostNames: number;
  waiting: number;
  closedBufferFill: number;
}

function emptyReport(): Report {
  const lost = { no_room: 0, begin_missed: 0, found_late: 0, end_missed: 0 };
  return { lost, lostBytes: 0, lostNames: 0, waiting: 0, closedBufferFill: 0 };
}

function describeLost(lost: Report["lost"]): Pick<SnapshotProbe, "lost" | "lost_causes"> {
  const causes = LOSS_CAUSES.filter((cause) => lost[cause] > 0);
  if (causes.length === 0) return { lost: 0 };
  return {
    lost: causes.reduce((sum, cause) => sum + lost[cause], 0),
    lost_causes: Object.freeze(Object.fromEntries(causes.map((cause) => [cause, lost[cause]]))),
  };
}
