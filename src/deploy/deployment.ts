/**
 * Stage `deploy`: takes what a person wants of `npmon forward` as a service, gives what the system that runs it wants to
 * be told: a unit of systemd, manifests of Kubernetes, a docker command.
 */
export interface Deployment {
  readonly image: string;
  /** URL; null when nobody said it. */
  readonly intake: string | null;
  /** `5m`; null for the default. */
  readonly interval: string | null;
}

/**
 * What npmon may do, for each the reason: load programs and maps; attach them to tracing; ask the kernel for sockets and
 * attach to the control group; read what /proc says of other users' processes, and their open files.
 */
export const CAPABILITIES = ["BPF", "PERFMON", "NET_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH"] as const;

/** Where `npmon forward` answers /health in a container. */
export const HEALTH = { host: "127.0.0.1", port: 5555 } as const;

/** Folder of what waits to be sent. */
export const SPOOL = "/var/lib/npmon";

/** Files of the host that names come from, and whether they may be missing: host, then in the container. */
export const SOCKETS = ["/run/docker.sock", "/run/podman/podman.sock"] as const;

/** Variables of the container, without those that depend on where it runs. */
export function variablesOf({
  intake,
  interval,
}: Deployment): readonly (readonly [name: string, value: string])[] {
  return [
    ["DD_SYSTEM_PROBE_ENABLED", "true"],
    ["HOST_PROC", "/host/proc"],
    ["NPMON_FORWARD_HEALTH", `${HEALTH.host}:${HEALTH.port}`],
    ["NPMON_FORWARD_SPOOL_DIR", `${SPOOL}/spool`],
    ...(intake === null ? [] : ([["NPMON_FORWARD_TO", intake]] as const)),
    ...(interval === null ? [] : ([["NPMON_INTERVAL", interval]] as const)),
  ];
}
