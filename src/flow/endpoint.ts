/**
 * Stage `flow`: the domain types. Pure: imports nothing outside this folder and does no I/O.
 *
 * An endpoint is one end of a flow. What is known of the process there is computed once a process and shared by
 * all its endpoints, so that a flow costs an object and two strings, not two dozen tags.
 */

/** What the taggers know of one process; one frozen value for each (pid, start time). `null` is "unknown". */
export interface ProcessTags {
  readonly pid: number;
  /** The kernel's name of the process (`comm`), at most 15 bytes, as the process set it: may hold anything. */
  readonly process: string | null;
  /** Path of the executable. */
  readonly exe: string | null;
  /** User name, or the number where the host has no name for it. */
  readonly user: string | null;
  /** Container name; until an engine has said it, the first twelve digits of its id, as engines print it. */
  readonly container: string | null;
  /** Image of the container as the engine or Kubernetes names it. */
  readonly image: string | null;
  readonly pod: string | null;
  /** Kubernetes namespace of the pod. */
  readonly namespace: string | null;
  /** What the pod belongs to in the end: a Deployment rather than its ReplicaSet. */
  readonly workload: string | null;
  /** The 64 hexadecimal digits found in the cgroup path. */
  readonly container_id: string | null;
  /** Path of the control group, from the root of its hierarchy. */
  readonly cgroup: string | null;
  /** systemd unit, with its suffix. */
  readonly unit: string | null;
  /** Never null for a process that has a name: falls back through container and unit to the process name. */
  readonly service: string | null;
  /** Where `service` comes from: `DD_SERVICE`, `unit`, `process` …; null with it. */
  readonly service_source: string | null;
  readonly env: string | null;
  readonly version: string | null;
  /** Labels of the container, then those of the pod that the container does not have; null when there is none. */
  readonly labels: ReadonlyMap<string, string> | null;
}

export interface Endpoint {
  /**
   * Textual address, IPv4-mapped IPv6 already turned into IPv4; a UDP socket that is bound to no address has the
   * wildcard. `null` where nobody knows.
   */
  readonly ip: string | null;
  /** 0..65535; `null` where nobody knows. */
  readonly port: number | null;
  /** Inode number of the network namespace; `null` where the endpoint is on another host. */
  readonly netns: number | null;
  /** Name of the host; `null` where the endpoint is not known to be on this one. */
  readonly host: string | null;
  /** Name under which this host's DNS answers gave the address when the flow began; `null` where none did. */
  readonly domain: string | null;
  /** `null` when the process is unknown. */
  readonly process: ProcessTags | null;
}
