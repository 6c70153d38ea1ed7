/**
 * Stage `tag`: takes what the kernel said about a process, gives the tags of that process. `facts` is what is known
 * before any judgement, one tagger per file judges, `taggers` is the table of them, `process-table` remembers the
 * outcome once a process. Reads /proc and the control groups only through `ProcFs` and `CgroupIndex`, which are
 * handed in. Nothing here throws because a process is gone, hides itself or has named itself badly.
 *
 * Text is kept as the process wrote it, control characters included: whoever shows it makes it safe. Bytes that are
 * not UTF-8 have become U+FFFD.
 */

/** All that the taggers may look at. `null` is "unknown". */
export interface ProcessFacts {
  readonly pid: number;
  readonly comm: string | null;
  /** Target of /proc/PID/exe as the kernel wrote it. */
  readonly exe: string | null;
  /** Effective user id in the user namespace of whoever runs npmon. */
  readonly uid: number | null;
  /** Path of the control group that says most about the process, see `chooseCgroup`. */
  readonly cgroup: string | null;
  /** NUL-terminated entries; what follows the last NUL is not complete. */
  readonly environ: string | null;
  /** What the engine says of the container; null outside one, and while no engine has answered. */
  readonly container: ContainerFacts | null;
  /** The pod that the container is part of; null outside one, and while Kubernetes has not answered. */
  readonly pod: PodFacts | null;
}

/** What the taggers look at of a container, as its engine describes it. */
export interface ContainerFacts {
  readonly name: string;
  readonly image: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** What the taggers look at of a Kubernetes pod. */
export interface PodFacts {
  readonly pod: string;
  readonly namespace: string;
  readonly workload: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** By container id. */
  readonly containers: Readonly<Record<string, { readonly name: string; readonly image: string | null }>>;
}
