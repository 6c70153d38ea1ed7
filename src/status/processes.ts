import { closeSync, openSync, readSync, statSync } from "node:fs";
import { ProcFs } from "../tag/proc-fs.ts";
import { type Finding, failing, limited, ok } from "./finding.ts";
import { readHostFile } from "./host-file.ts";
import { FOR_NAMES, grant, missingOf, type Surroundings } from "./surroundings.ts";

/** So many processes of others are looked into, and no longer than this. */
const MAX_LOOKED = 32;
const BUDGET_MS = 100;

export interface ProcessFacts {
  /** HOST_PROC, or /proc. */
  readonly root: string;
  /** Processes that it shows; 0 where it is no procfs. */
  readonly count: number;
  /** Whether its processes have the numbers by which the kernel knows them: those of the host. */
  readonly isHosts: boolean;
  /** Other processes, of other users if npmon is not root, whose environment was looked for, and how many let it be read. */
  readonly looked: number;
  readonly readable: number;
}

export function readProcesses(root: string, { uid, ownNamespaces }: Surroundings): ProcessFacts {
  const proc = new ProcFs(root);
  const pids = [...proc.pids()];
  // Only a host has the kernel's own threads; with hidepid they are not seen, and /proc is whose it is.
  const isHosts = proc.stat(2)?.comm === "kthreadd" || (root === "/proc" && !ownNamespaces.includes("pid"));
  let looked = 0;
  let readable = 0;
  const deadline = performance.now() + BUDGET_MS;
  for (const pid of pids) {
    if (looked === MAX_LOOKED || performance.now() > deadline) break;
    if (pid === process.pid || (uid !== 0 && ownerOf(root, pid) === uid)) continue;
    // A thread of the kernel has neither command line nor environment.
    if ((readHostFile(`${root}/${pid}/cmdline`, 16) ?? "") === "") continue;
    const access = openEnviron(root, pid);
    if (access === "gone") continue;
    looked++;
    if (access === "readable") readable++;
  }
  return { root, count: pids.length, isHosts, looked, readable };
}

function ownerOf(root: string, pid: number): number | null {
  try {
    return statSync(`${root}/${pid}`).uid;
  } catch {
    return null; // it ended
  }
}

function openEnviron(root: string, pid: number): "readable" | "denied" | "gone" {
  let file: number;
  try {
    file = openSync(`${root}/${pid}/environ`, "r");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "EACCES" || code === "EPERM" ? "denied" : "gone";
  }
  try {
    readSync(file, Buffer.alloc(1), 0, 1, null);
    return "readable";
  } catch {
    return "gone";
  } finally {
    closeSync(file);
  }
}

export function checkProcesses(facts: ProcessFacts, surroundings: Surroundings): Finding {
  const { root, count, isHosts, looked, readable } = facts;
  const name = "processes";
  if (count === 0) {
    return failing(
      name,
      "fault",
      `${root} shows no processes: it is no procfs`,
      "Set HOST_PROC or npmon.host_proc to where the host's procfs is mounted; on a host that is /proc.",
    );
  }
  const value = `${root} shows ${count} ${count === 1 ? "process" : "processes"}`;
  if (!isHosts) {
    return limited(
      name,
      `${value} of a container, not the host's: others have no names`,
      surroundings.inKubernetes
        ? "Set hostPID: true, or mount the host's /proc and set HOST_PROC=/host/proc."
        : "Start the container with --pid=host, or with -v /proc:/host/proc:ro -e HOST_PROC=/host/proc.",
    );
  }
  if (readable === looked) return ok(name, `${value}, the host's; the environments of others can be read`);
  const some = `${value}, the host's; of ${looked} others looked into ${readable} let their environment be read`;
  const missing = missingOf(surroundings).filter((each) => FOR_NAMES.includes(each));
  if (missing.length > 0) return limited(name, some, grant(missing, surroundings));
  // With the capabilities it is a security module that protects some, as it should.
  if (readable > 0) return ok(name, some);
  return limited(
    name,
    some,
    "A security module forbids it: aa-status or ausearch -m avc says which; in a container: apparmor=unconfined.",
  );
}
