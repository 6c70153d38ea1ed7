import { hostname } from "node:os";
import { Grouping } from "../aggregate/group.ts";
import type { Family, Flow } from "../flow/flow.ts";
import type { TagRef } from "../flow/tags.ts";
import { openProbe, type ProbeOptions } from "../probe/open.ts";
import { findCgroupRoot } from "../tag/cgroup-mount.ts";
import { EndpointTags } from "../tag/endpoint-tags.ts";
import { ProcessTable } from "../tag/process-table.ts";
import { Monitor, type Surroundings } from "./monitor.ts";

export interface LiveOptions extends Omit<ProbeOptions, "cgroupRoot" | "procRoot"> {
  readonly groupBy: readonly TagRef[] | "flow";
  /** Only flows that this process measured. */
  readonly pid: number | null;
  readonly family: Family | null;
}

const SURROUNDINGS: Surroundings = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  cpu: () => process.cpuUsage(),
  memoryBytes: () => process.memoryUsage.rss(),
};

/** Everything that looks at this host, wired together and not yet started. The caller closes it. */
export function openMonitor(options: LiveOptions): Monitor {
  const procRoot = process.env.HOST_PROC ?? "/proc";
  const tags = new EndpointTags();
  return new Monitor({
    probe: openProbe({ ...options, cgroupRoot: findCgroupRoot(), procRoot }),
    processes: new ProcessTable({ procRoot }),
    grouping: new Grouping({
      groupBy: options.groupBy,
      lookup: (endpoint, tag) => tags.valueOf(endpoint, tag),
      accepts: (flow) => accepts(options, flow),
    }),
    host: hostname(),
    surroundings: SURROUNDINGS,
    filter: filterText(options),
  });
}

function accepts({ pid, family }: LiveOptions, flow: Flow): boolean {
  return (pid === null || flow.source.process?.pid === pid) && (family === null || flow.family === family);
}

function filterText({ pid, family }: LiveOptions): string | null {
  const terms = [pid === null ? "" : `source.pid:${pid}`, family === null ? "" : `family:${family}`];
  return terms.filter((term) => term !== "").join(" ") || null;
}
