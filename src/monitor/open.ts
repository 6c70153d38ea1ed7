import { hostname } from "node:os";
import { Grouping, tagOf } from "../aggregate/group.ts";
import { formatPins, matchesPins, type Pin } from "../aggregate/pins.ts";
import type { Family, Flow } from "../flow/flow.ts";
import type { TagRef } from "../flow/tags.ts";
import { openProbe, type ProbeOptions } from "../probe/open.ts";
import { findCgroupRoot } from "../tag/cgroup-mount.ts";
import { ProcessTable } from "../tag/process-table.ts";
import { Monitor, type Surroundings } from "./monitor.ts";
import type { Question } from "./question.ts";

/** What a question is made of. */
export interface QuestionOptions {
  readonly groupBy: readonly TagRef[] | "flow";
  /** Only flows that this process measured. */
  readonly pid: number | null;
  readonly family: Family | null;
  /** What the reader of a live view pointed at. */
  readonly pins?: readonly Pin[] | undefined;
}

export interface LiveOptions extends Omit<ProbeOptions, "cgroupRoot" | "procRoot">, QuestionOptions {}

const SURROUNDINGS: Surroundings = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  cpu: () => process.cpuUsage(),
  memoryBytes: () => process.memoryUsage.rss(),
};

/** Everything that looks at this host, wired together and not yet started. The caller closes it. */
export function openMonitor(options: LiveOptions): Monitor {
  const procRoot = process.env.HOST_PROC ?? "/proc";
  return new Monitor({
    probe: openProbe({ ...options, cgroupRoot: findCgroupRoot(), procRoot }),
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

function accepts({ pid, family, pins = [] }: QuestionOptions, flow: Flow): boolean {
  if (pid !== null && flow.source.process?.pid !== pid) return false;
  if (family !== null && flow.family !== family) return false;
  return pins.length === 0 || matchesPins(pins, (ref) => tagOf(flow, ref));
}

function filterText({ pid, family, pins = [] }: QuestionOptions): string | null {
  const terms = [
    pid === null ? "" : `source.pid:${pid}`,
    family === null ? "" : `family:${family}`,
    formatPins(pins),
  ];
  return terms.filter((term) => term !== "").join(" ") || null;
}
