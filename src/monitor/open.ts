import { hostname } from "node:os";
import { openProbe, type ProbeOptions } from "../probe/open.ts";
import { findCgroupRoot } from "../tag/cgroup-mount.ts";
import { Monitor, type Surroundings } from "./monitor.ts";
import type { Question } from "./question.ts";
import { openTagSources } from "./tag-sources.ts";

export interface LiveOptions extends Pick<ProbeOptions, "choice" | "capacity"> {
  readonly question: Question;
  /** Whether addresses may be given names: from the DNS answers that are seen, or by asking where none are. */
  readonly resolve: boolean;
}

const SURROUNDINGS: Surroundings = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  cpu: () => process.cpuUsage(),
  memoryBytes: () => process.memoryUsage.rss(),
};

export type { Monitor } from "./monitor.ts";

/** Everything that looks at this host, wired together and not yet started. The caller closes it. */
export function openMonitor({ question, resolve, ...options }: LiveOptions): Monitor {
  const procRoot = process.env.HOST_PROC ?? "/proc";
  const probe = openProbe({ ...options, cgroupRoot: findCgroupRoot(), procRoot, dns: resolve });
  const sources = openTagSources({
    procRoot,
    readsDns: probe.readsDns,
    asksNames: resolve && !probe.readsDns,
  });
  return new Monitor({ probe, sources, question, host: hostname(), surroundings: SURROUNDINGS });
}
