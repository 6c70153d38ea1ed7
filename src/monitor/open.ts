import { hostname } from "node:os";
import { Grouping } from "../aggregate/group.ts";
import type { Config } from "../config/config.ts";
import { openProbe } from "../probe/open.ts";
import { findCgroupRoot } from "../tag/cgroup-mount.ts";
import { EndpointTags } from "../tag/endpoint-tags.ts";
import { ProcessTable } from "../tag/process-table.ts";
import { createAcceptance, type Question } from "./acceptance.ts";
import { Monitor, type Surroundings } from "./monitor.ts";

export interface LiveOptions extends Question {
  readonly config: Config;
}

const SURROUNDINGS: Surroundings = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  cpu: () => process.cpuUsage(),
  memoryBytes: () => process.memoryUsage.rss(),
};

/** Everything that looks at this host, wired together and not yet started. The caller closes it. */
export function openMonitor(options: LiveOptions): Monitor {
  const { procRoot, probe: choice, trace, groupBy } = options.config;
  const tags = new EndpointTags();
  return new Monitor({
    probe: openProbe({
      choice,
      capacity: trace.maxTracked,
      closedCapacity: trace.maxClosedBuffered,
      protocols: (["tcp", "udp"] as const).filter((protocol) => trace[protocol]),
      cgroupRoot: findCgroupRoot(),
      procRoot,
    }),
    processes: new ProcessTable({ procRoot }),
    grouping: new Grouping({
      groupBy,
      lookup: (endpoint, tag) => tags.valueOf(endpoint, tag),
      accepts: createAcceptance(trace, options),
      userTags: options.config.tags.names,
    }),
    host: hostname(),
    surroundings: SURROUNDINGS,
    filter: filterText(options),
  });
}

function filterText({ pid, family }: LiveOptions): string | null {
  const terms = [pid === null ? "" : `source.pid:${pid}`, family === null ? "" : `family:${family}`];
  return terms.filter((term) => term !== "").join(" ") || null;
}
