import { setImmediate } from "node:timers/promises";
import type { Config } from "../config/config.ts";
import type { ConfigSources } from "../config/load.ts";
import type { ProbeOptions } from "../probe/open.ts";
import { measureTier, tryTiers } from "../probe/try-tier.ts";
import type { Tier } from "../snapshot/snapshot.ts";
import { askEngines } from "../tag/engine/ask-engines.ts";
import type { KubernetesSettings } from "../tag/kubernetes/endpoint.ts";
import { checkCgroup } from "./cgroup.ts";
import { checkConfiguration, readConfiguration } from "./configuration.ts";
import { checkDomains } from "./domains.ts";
import { checkEngines } from "./engines.ts";
import { exitCodeOf, type Finding } from "./finding.ts";
import { checkForwarder, readForwarder } from "./forwarder.ts";
import { checkKernel, readKernel } from "./kernel.ts";
import { askKubernetes, checkKubernetes } from "./kubernetes.ts";
import { readLastDelivery } from "./last-delivery.ts";
import { checkLibbpf, readLibbpf } from "./libbpf.ts";
import { checkMemory, readAvailableMemory } from "./memory.ts";
import { checkProcesses, readProcesses } from "./processes.ts";
import { checkCapabilities, checkContainer, readSurroundings } from "./surroundings.ts";
import { checkTiers, tierInUse } from "./tiers.ts";

/** Who does not answer within this time is said not to: a person waits. */
const PATIENCE_MS = 700;

export interface ReportOptions {
  readonly sources: ConfigSources;
  /** What the configuration means to the stages that are asked. */
  readonly probeOptions: (config: Config) => ProbeOptions;
  readonly kubernetesSettings: (config: Config["kubernetes"]) => KubernetesSettings | null;
}

export interface Report {
  readonly findings: readonly Finding[];
  /** What npmon would run with; null where nothing works. */
  readonly tier: Tier | null;
  readonly exitCode: number;
}

/** Looks at everything, in about as long as loading the tiers takes, or as somebody lets one wait. */
export async function createReport(options: ReportOptions): Promise<Report> {
  const facts = readConfiguration(options.sources);
  const { config } = facts;
  const probe = options.probeOptions(config);
  const wantsEbpf = config.probe !== "sockdiag";
  const { containerSockets } = config;
  const engines = askEngines({
    ...(containerSockets !== null && { sockets: containerSockets }),
    timeoutMs: PATIENCE_MS,
  });
  const kubernetes = askKubernetes(options.kubernetesSettings(config.kubernetes), PATIENCE_MS);
  // The questions go out before the kernel has this thread to itself.
  await setImmediate();
  const surroundings = readSurroundings(options.sources.environment);
  const kernel = readKernel();
  const libbpf = readLibbpf();
  const trials = tryTiers(probe);
  const tiers = { choice: config.probe, trials, release: kernel.release };
  const inUse = tierInUse(tiers);
  const maps = inUse === null ? null : measureTier(inUse.tier, probe);
  const memory = { maps, availableBytes: readAvailableMemory(probe.cgroupRoot), capacity: probe.capacity };
  const findings: readonly Finding[] = [
    ...checkKernel(kernel, wantsEbpf),
    checkLibbpf(libbpf, wantsEbpf),
    checkCapabilities(surroundings, wantsEbpf),
    ...checkTiers(tiers),
    checkMemory(memory),
    checkContainer(surroundings),
    checkProcesses(readProcesses(config.procRoot, surroundings), surroundings),
    checkCgroup(probe.cgroupRoot, surroundings),
    ...checkEngines(await engines, containerSockets !== null, surroundings),
    checkKubernetes(await kubernetes, config.kubernetes.enabled === "always"),
    checkDomains(inUse, config.resolve),
    checkConfiguration(facts),
    ...checkForwarder(readForwarder(config, readLastDelivery)),
  ];
  return { findings, tier: inUse?.tier ?? null, exitCode: exitCodeOf(findings) };
}
