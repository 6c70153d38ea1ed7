import { checkConfigText } from "../../src/config/load.ts";
import type { Monitor } from "../../src/monitor/monitor.ts";
import { openMonitor } from "../../src/monitor/open.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";

/** npmon on the real kernel, in this process, as a configuration says. Ends with `using`. */
export class Configured implements Disposable {
  readonly #monitor: Monitor;

  /** @param text of system-probe.yaml */
  constructor(text: string, groupBy = "flow") {
    const { config } = checkConfigText(text, "test", {
      NPMON_GROUP_BY: groupBy,
      NPMON_PROBE: process.env.NPMON_TEST_TIER === "kprobe" ? "kprobe" : "tracepoint",
    });
    this.#monitor = openMonitor({ config, question: { groupBy: config.groupBy, filter: null } });
    this.#monitor.start();
  }

  collect(): void {
    this.#monitor.poll();
    this.#monitor.collect();
  }

  /** What was counted since the start, or since the last snapshot. */
  snapshot(): Snapshot {
    this.#monitor.poll();
    this.#monitor.collect(true);
    return this.#monitor.publish();
  }

  [Symbol.dispose](): void {
    this.#monitor.close();
  }
}
