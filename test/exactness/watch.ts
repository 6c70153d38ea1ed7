import assert from "node:assert/strict";
import { checkConfigText } from "../../src/config/load.ts";
import { Monitor } from "../../src/monitor/monitor.ts";
import { openTagSources } from "../../src/monitor/tag-sources.ts";
import { openBpfProbe } from "../../src/probe/bpf/bpf-probe.ts";
import type { BpfTier } from "../../src/probe/bpf/features.ts";
import { parseGroupBy } from "../../src/query/group-by.ts";
import { NO_COUNTS } from "../../src/snapshot/no-counts.ts";
import type { Snapshot, SnapshotFlow } from "../../src/snapshot/snapshot.ts";
import { findCgroupRoot } from "../../src/tag/cgroup-mount.ts";

export interface WatchOptions {
  readonly groupBy?: string;
  readonly capacity?: number;
  readonly closedCapacity?: number;
  /** Called when the programs are attached, right before npmon takes in what was there already. */
  readonly beforeBaseline?: () => void;
}

const { config: CONFIG } = checkConfigText("", "test", {});

/** The tier that the tests of this folder run on; the guests choose it, here it is the one that this kernel has. */
export const TIER: BpfTier = process.env.NPMON_TEST_TIER === "kprobe" ? "kprobe" : "tracepoint";

/** Whether this is a guest: an emulated processor, some twenty times slower. */
const IS_GUEST = process.env.NPMON_TEST_TIER !== undefined;

/** Room that the tests do not fill. A guest takes seconds to make as much as a million connections need. */
const ROOM = IS_GUEST ? 8_192 : 262_144;

/** npmon on the real kernel, in this process, with a clock of its own. Ends with `using`. */
export class Watch implements Disposable {
  readonly #monitor: Monitor;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: WatchOptions = {}) {
    const { groupBy = "source.pid", capacity = ROOM, closedCapacity = ROOM, beforeBaseline } = options;
    this.#monitor = new Monitor({
      probe: openBpfProbe({ tier: TIER, capacity, closedCapacity, cgroupRoot: findCgroupRoot(), dns: true }),
      sources: openTagSources({ config: CONFIG, readsDns: false, asksNames: false }),
      question: { groupBy: parseGroupBy(groupBy), filter: null },
      host: "test",
      surroundings: {
        monotonicMs: () => performance.now(),
        wallMs: () => Date.now(),
        cpu: () => process.cpuUsage(),
        memoryBytes: () => process.memoryUsage.rss(),
        releaseMemory: () => {},
      },
    });
    beforeBaseline?.();
    this.#monitor.start();
  }

  /** Passes every `everyMs`, as long as the watch lives. */
  tick(everyMs: number): this {
    this.#timer = setInterval(() => {
      this.#monitor.poll();
      this.#monitor.collect();
    }, everyMs);
    return this;
  }

  collect(): void {
    this.#monitor.collect();
  }

  poll(): void {
    this.#monitor.poll();
  }

  /** What was counted since the start, or since the last snapshot. */
  snapshot(): Snapshot {
    this.#monitor.collect(true);
    return this.#monitor.publish();
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#monitor.close();
  }
}

/** The one row whose source has this pid; all zero when there is none. */
export function rowOfPid(snapshot: Snapshot, pid: number): SnapshotFlow {
  const rows = snapshot.flows.filter((flow) => flow.source?.pid === pid);
  assert.ok(rows.length <= 1, "the snapshot is to be grouped by source.pid alone");
  return rows[0] ?? { source: { pid }, ...NO_COUNTS };
}

/** Bytes of a process as npmon says, in the form in which the traffic programs say theirs. */
export function bytesOfPid(snapshot: Snapshot, pid: number): { bytes_sent: number; bytes_received: number } {
  const { bytes_sent, bytes_received } = rowOfPid(snapshot, pid);
  return { bytes_sent, bytes_received };
}
