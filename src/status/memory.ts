import type { MapMemory } from "../probe/try-tier.ts";
import { formatBytes } from "../view/format.ts";
import { type Finding, failing, limited, ok } from "./finding.ts";
import { readHostFile } from "./host-file.ts";

const SHOWN_MAPS = 3;
/** More of what is left than this is a lot for something that only looks. */
const LARGE_SHARE = 0.25;

export interface MemoryFacts {
  /** Null where the tier has no maps, or there is no tier. */
  readonly maps: MapMemory | null;
  /** What the host, and npmon's control group, would let it have. */
  readonly availableBytes: number | null;
  /** max_tracked_connections. */
  readonly capacity: number;
}

/** @param cgroupRoot mount point of cgroup v2 */
export function readAvailableMemory(cgroupRoot: string | null): number | null {
  const meminfo = /^MemAvailable:\s+(\d+) kB$/m.exec(readHostFile("/proc/meminfo") ?? "")?.[1];
  const path = /^0::(\/.*)$/m.exec(readHostFile("/proc/self/cgroup") ?? "")?.[1];
  const folder = cgroupRoot === null || path === undefined ? null : `${cgroupRoot}${path}`;
  const max = folder === null ? null : readHostFile(`${folder}/memory.max`);
  const used = folder === null ? null : readHostFile(`${folder}/memory.current`);
  const limits = [
    meminfo === undefined ? Number.NaN : Number(meminfo) * 1024,
    Number.parseInt(max ?? "", 10) - Number.parseInt(used ?? "", 10),
  ].filter(Number.isFinite);
  return limits.length === 0 ? null : Math.min(...limits);
}

export function checkMemory({ maps, availableBytes, capacity }: MemoryFacts): Finding {
  const name = "map memory";
  if (maps === null) return ok(name, "none: no eBPF tier is in use");
  const { totalBytes } = maps;
  const largest = maps.maps
    .slice(0, SHOWN_MAPS)
    .map((map) => `${map.name} ${formatBytes(map.bytes, "auto")}`);
  const value = `${formatBytes(totalBytes, "auto")} for ${capacity} connections; most for ${largest.join(", ")}`;
  if (availableBytes === null || totalBytes < availableBytes * LARGE_SHARE) return ok(name, value);
  const left = `${value}; ${formatBytes(Math.max(0, availableBytes), "auto")} are available`;
  const remedy = "Lower system_probe_config.max_tracked_connections (and max_closed_connections_buffered).";
  return totalBytes < availableBytes ? limited(name, left, remedy) : failing(name, "fault", left, remedy);
}
