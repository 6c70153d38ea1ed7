import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { libbpfVersion } from "../../src/ebpf/index.ts";

/** What the figures depend on besides npmon. */
export interface Machine {
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memory_mib: number;
  readonly node: string;
  readonly libbpf: string;
  readonly ss: string;
  /** Of the last minute, before the bench: others share the machine when it is not near zero. */
  readonly load: number;
  /** Closed connections that the kernel still keeps for a minute; ss walks over them too and npmon does not. */
  readonly time_wait: number;
}

export function describeMachine(): Machine {
  const cores = cpus();
  return {
    kernel: release(),
    cpu: cores[0]?.model.trim() ?? "unknown",
    cores: cores.length,
    memory_mib: Math.round(totalmem() / 2 ** 20),
    node: process.version,
    libbpf: libbpfVersion().text,
    ss: execFileSync("ss", ["-V"], { encoding: "utf8" }).trim().replace("ss utility, ", ""),
    load: loadavg()[0] ?? 0,
    time_wait: Number(/^TCP:.* tw (\d+)/m.exec(readFileSync("/proc/net/sockstat", "utf8"))?.[1] ?? 0),
  };
}

export function formatMachine(machine: Machine): string {
  const { kernel, cpu, cores, memory_mib, node, libbpf, ss, load, time_wait } = machine;
  return [
    "## npmon bench",
    "",
    `Linux ${kernel}, ${cores} × ${cpu}, ${memory_mib} MiB, node ${node}, libbpf ${libbpf}, ss of ${ss}, load before ${load.toFixed(2)}, ${time_wait} sockets in TIME_WAIT before.`,
    "Cells are `median (lowest–highest)` of interleaved rounds. Ratios are taken within a round, so they hold where the times themselves drift.",
    ...(time_wait > 5_000
      ? ["**ss walks over the sockets in TIME_WAIT too: wait a minute for honest ratios at small sizes.**"]
      : []),
    "",
  ].join("\n");
}
