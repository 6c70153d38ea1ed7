import type { Config } from "../config/config.ts";
import type { ProbeOptions } from "../probe/open.ts";
import { findCgroupRoot } from "../tag/cgroup-mount.ts";

/** What the configuration asks of a probe. */
export function probeOptions({ probe: choice, procRoot, trace, resolve }: Config): ProbeOptions {
  return {
    choice,
    capacity: trace.maxTracked,
    closedCapacity: trace.maxClosedBuffered,
    protocols: (["tcp", "udp"] as const).filter((protocol) => trace[protocol]),
    cgroupRoot: findCgroupRoot(),
    procRoot,
    dns: resolve,
    debug: trace.bpfDebug ? (line) => process.stderr.write(`npmon: ${line}\n`) : undefined,
  };
}
