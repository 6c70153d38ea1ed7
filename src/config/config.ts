/**
 * Stage `config`: takes system-probe.yaml, the environment and flags, gives one validated, frozen {@link Config}, or all
 * problems at once, each with its place. What is not npmon's in the file is left alone.
 */
import type { ProbeChoice } from "../probe/open.ts";
import type { Filter } from "../query/filter.ts";
import type { GroupBy } from "../query/group-by.ts";
import type { TagNames } from "../query/tag-names.ts";
import type { Units } from "../view/format.ts";
import type { Exclude } from "./excludes.ts";
import type { Origin } from "./problem.ts";
import type { Values } from "./schema.ts";
import type { NetworkEntries, TagRule, TagValues } from "./tag-rules.ts";

/** What every command runs by. */
export interface Config {
  /** The file that was read; null when there was none. */
  readonly file: string | null;
  /** Whether `npmon forward` runs as a service. */
  readonly enabled: boolean;
  readonly log: {
    /** Empty: stderr. */
    readonly file: string;
    readonly level: "debug" | "info" | "warn" | "error" | "off";
  };
  readonly trace: TraceConfig;
  /** Tags that make a row where no flag says it. */
  readonly groupBy: GroupBy;
  /** Of a forwarded snapshot. */
  readonly intervalMs: number;
  readonly probe: ProbeChoice;
  readonly units: Units;
  /** Whether names may be looked up for addresses. */
  readonly resolve: boolean;
  /** Where the host's procfs is mounted. */
  readonly procRoot: string;
  /** Sockets of container engines; null for the places where engines have them. */
  readonly containerSockets: readonly string[] | null;
  /** Names of networks; the longest prefix wins. */
  readonly subnets: NetworkEntries<string>;
  readonly tags: {
    /** In the order of the file; a later one wins. */
    readonly rules: readonly (TagRule & { readonly origin: Origin; readonly filter: Filter | null })[];
    /** Tags by network, the file of networks included; the longest prefix wins. */
    readonly networks: NetworkEntries<TagValues>;
    /** Every name that a rule or a network gives, each once, in alphabetical order. */
    readonly names: readonly string[];
  };
  /** What can be asked of an endpoint here. */
  readonly names: TagNames;
  readonly kubernetes: KubernetesConfig;
  readonly forward: ForwardConfig;
  readonly intake: IntakeConfig;
  /** Every key as it was set, by its name, `npmon.forward.spool_dir`, in the order in which they are listed to people. */
  readonly settings: ReadonlyMap<string, Setting>;
}

/** What a key was set to, and where. */
export interface Setting {
  /** As it was written, `5m`, secrets replaced; null where there is none. */
  readonly value: unknown;
  readonly origin: Origin;
}

export interface TraceConfig {
  readonly tcp: boolean;
  readonly udp: boolean;
  readonly ipv6: boolean;
  /** Also DNS within this host. */
  readonly localDns: boolean;
  /** Flows followed at once, 1..4,194,304. */
  readonly maxTracked: number;
  /** Closed connections that can wait for a pass, 1..4,194,304. */
  readonly maxClosedBuffered: number;
  readonly sourceExcludes: readonly Exclude[];
  readonly destinationExcludes: readonly Exclude[];
  readonly bpfDebug: boolean;
}

export interface KubernetesConfig {
  readonly enabled: "auto" | "always" | "never";
  readonly nodeName: string | null;
  readonly scope: "cluster" | "node";
  /** URL; null for that of the cluster that npmon runs in, and so on with the files. */
  readonly api: string | null;
  readonly tokenFile: string | null;
  readonly caFile: string | null;
  readonly kubeletHost: string | null;
  readonly kubeletCaFile: string | null;
  readonly kubeletInsecure: boolean;
}

export interface Destination {
  readonly url: string;
  /** As written in the file; see also `tokenFile`. */
  readonly token: string | null;
  readonly tokenFile: string | null;
  readonly caFile: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ForwardConfig {
  /** What is common to all of them is in each. */
  readonly destinations: readonly Destination[];
  /** Address and port of /health; empty for none. */
  readonly health: string;
  readonly spoolDir: string;
  readonly spoolMaxBytes: number;
  readonly spoolMaxAgeMs: number;
}

export interface IntakeConfig {
  /** `0.0.0.0:8474` */
  readonly listen: string;
  readonly dataDir: string;
  readonly retentionMs: number;
  readonly maxRequestBytes: number;
  readonly token: string | null;
  readonly tokenFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

/** What the file alone does not say. */
export interface Found {
  readonly file: string | null;
  readonly enabled: boolean;
  readonly groupBy: GroupBy;
  /** From the file of networks. */
  readonly moreNetworks: NetworkEntries<TagValues>;
  readonly settings: ReadonlyMap<string, Setting>;
  readonly names: TagNames;
  readonly ruleFilters: readonly (Filter | null)[];
  ruleOrigin(index: number): Origin;
}

/** The checked values in the words of the code, frozen to the bottom. */
export function createConfig(values: Values, found: Found): Config {
  const { system_probe_config: probe, npmon } = values;
  const { kubernetes, intake } = npmon;
  const networks = [...found.moreNetworks, ...npmon.tags.cidrs];
  const rules = npmon.tags.rules.map((rule, index) => ({
    ...rule,
    filter: found.ruleFilters[index] ?? null,
    origin: found.ruleOrigin(index),
  }));
  return freeze({
    file: found.file,
    enabled: found.enabled,
    log: { file: probe.log_file, level: probe.log_level },
    trace: {
      tcp: !probe.disable_tcp,
      udp: !probe.disable_udp,
      ipv6: !probe.disable_ipv6,
      localDns: probe.collect_local_dns,
      maxTracked: probe.max_tracked_connections,
      maxClosedBuffered: probe.max_closed_connections_buffered || probe.max_tracked_connections,
      sourceExcludes: probe.source_excludes,
      destinationExcludes: probe.dest_excludes,
      bpfDebug: probe.bpf_debug,
    },
    groupBy: found.groupBy,
    intervalMs: npmon.interval,
    probe: npmon.probe,
    units: npmon.units,
    resolve: npmon.resolve,
    procRoot: npmon.host_proc,
    containerSockets: npmon.container_sockets,
    subnets: npmon.subnets,
    tags: {
      rules,
      networks,
      names: namesOf([...rules.map(({ set }) => set), ...networks.map(([, set]) => set)]),
    },
    names: found.names,
    kubernetes: {
      enabled: kubernetes.enabled,
      nodeName: kubernetes.node_name,
      scope: kubernetes.scope,
      api: kubernetes.api,
      tokenFile: kubernetes.token_file,
      caFile: kubernetes.ca,
      kubeletHost: kubernetes.kubelet_host,
      kubeletCaFile: kubernetes.kubelet_ca,
      kubeletInsecure: kubernetes.kubelet_insecure,
    },
    forward: createForward(npmon.forward),
    intake: {
      listen: intake.listen,
      dataDir: intake.data,
      retentionMs: intake.retention,
      maxRequestBytes: intake.max_request_size,
      token: intake.token,
      tokenFile: intake.token_file,
      certFile: intake.cert_file,
      keyFile: intake.key_file,
    },
    settings: found.settings,
  });
}

function createForward(forward: Values["npmon"]["forward"]): ForwardConfig {
  const destinations = forward.to.map((own): Destination => {
    const hasToken = own.token !== undefined || own.token_file !== undefined;
    return {
      url: own.url,
      token: own.token ?? (hasToken ? null : forward.token),
      tokenFile: own.token_file ?? (hasToken ? null : forward.token_file),
      caFile: own.ca_file ?? forward.ca_file,
      headers: { ...forward.headers, ...own.headers },
    };
  });
  return {
    destinations,
    health: forward.health,
    spoolDir: forward.spool_dir,
    spoolMaxBytes: forward.spool_max_size,
    spoolMaxAgeMs: forward.spool_max_age,
  };
}

function namesOf(sets: readonly TagValues[]): readonly string[] {
  return [...new Set(sets.flatMap((set) => Object.keys(set)))].sort();
}

function freeze<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || value instanceof Map) return value;
  for (const inside of Object.values(value)) freeze(inside);
  return Object.freeze(value);
}
