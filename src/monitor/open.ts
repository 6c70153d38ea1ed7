import { hostname } from "node:os";
import type { Config } from "../config/config.ts";
import { openProbe } from "../probe/open.ts";
import { createAcceptance } from "./acceptance.ts";
import { Monitor, type Surroundings } from "./monitor.ts";
import { probeOptions } from "./probe-options.ts";
import type { Question } from "./question.ts";
import { SpareMemory } from "./spare-memory.ts";
import { openTagSources } from "./tag-sources.ts";

export interface LiveOptions {
  readonly config: Config;
  readonly question: Question;
}

function createSurroundings(): Surroundings {
  const spare = new SpareMemory();
  return {
    monotonicMs: () => performance.now(),
    wallMs: () => Date.now(),
    cpu: () => process.cpuUsage(),
    memoryBytes: () => process.memoryUsage.rss(),
    releaseMemory: () => spare.giveBack(),
  };
}

export type { Monitor } from "./monitor.ts";

/** Everything that looks at this host, wired together and not yet started. The caller closes it. */
export function openMonitor({ config, question }: LiveOptions): Monitor {
  const { trace, resolve } = config;
  const probe = openProbe(probeOptions(config));
  const sources = openTagSources({
    config,
    readsDns: probe.readsDns,
    asksNames: resolve && !probe.readsDns,
  });
  return new Monitor({
    probe,
    sources,
    question,
    traces: createAcceptance(trace),
    userTags: config.tags.names,
    host: hostname(),
    surroundings: createSurroundings(),
  });
}
