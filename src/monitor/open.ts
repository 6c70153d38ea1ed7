import { hostname } from "node:os";
import { Grouping } from "../aggregate/group.ts";
import type { Family, Flow } from "../flow/flow.ts";
import type { TagRef } from "../flow/tags.ts";
import { openProbe, type ProbeOptions } from "../probe/open.ts";
import { findCgroupRoot } from "../tag/cgroup-mount.ts";
import { EndpointTags } from "../tag/endpoint-tags.ts";
import { ProcessTable } from "../tag/process-table.ts";
import { Monitor, type Surroundings } from "./monitor.ts";
import type { Question } from "./question.ts";

/** What a question is made of. */
export interface QuestionOptions {
  readonly groupBy: readonly TagRef[] | "flow";
  /** Only flows that this process measured. */
  readonly pid: number | null;
  readonly family: Family | null;
}

export interface LiveOptions extends Omit<ProbeOptions, "cgroupRoot" | "procRoot" | "dns">, QuestionOptions {}

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
    probe: openProbe({ ...options, cgroupRoot: findCgroupRoot(), procRoot, dns: false }),
    processes: new ProcessTable({ procRoot }),
    ...createQuestion(options),
    host: hostname(),
    surroundings: SURROUNDINGS,
  });
}

/** For a monitor that is opened, or for {@link Monitor.ask}. */
export function createQuestion(options: QuestionOptions): Question {
  return {
    grouping: new Grouping(options.groupBy, (flow) => accepts(options, flow)),
    filter: filterText(options),
  };
}

function accepts({ pid, family }: QuestionOptions, flow: Flow): boolean {
  return (pid === null || flow.source.process?.pid === pid) && (family === null || flow.family === family);
}

function filterText({ pid, family }: QuestionOptions): string | null {
  const terms = [pid === null ? "" : `source.pid:${pid}`, family === null ? "" : `family:${family}`];
  return terms.filter((term) => term !== "").join(" ") || null;
}
