/** What the kernel side says of a process at its first connection: all that is left of one that is already gone. */
export interface ProcessSighting {
  /** Thread group id in the initial pid namespace. */
  readonly pid: number;
  /** Start since boot in 10 ms ticks, as in field 22 of /proc/PID/stat. A pid alone is no identity: pids are reused. */
  readonly startTicks: number;
  readonly comm: string | null;
  /** Effective user id. */
  readonly uid: number | null;
  /** Inode number of its cgroup v2 directory. */
  readonly cgroupId: bigint | null;
  /** Beginning of its environment, entries ended by NUL; the last one may be cut off. */
  readonly environ: string | null;
}
