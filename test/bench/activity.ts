import { readdirSync, readFileSync } from "node:fs";
import { sumOf } from "./spread.ts";

/** What the machine did meanwhile that was not the bench, percent of one core. */
export interface Activity {
  /** CPU of processes that the bench did not start. */
  readonly others: number;
  /** Time that the hypervisor gave to other guests. */
  readonly stolen: number;
}

const INIT = 1;
const KERNEL_THREADS = 2;
/** USER_HZ is 100 on every architecture that Node runs on. */
const TICK_MS = 10;
/** Some noise of the machine itself is always there. */
const QUIET = { others: 5, stolen: 2 } as const;

/** Begins to watch; what is returned tells what went on since. */
export function watchActivity(): () => Activity {
  const started = performance.now();
  const before = { others: readOthers(), stolen: stolenTicks() };
  return () => {
    const percentOf = (ticks: number) => (100 * Math.max(0, ticks) * TICK_MS) / (performance.now() - started);
    return {
      others: percentOf(ticksBetween(before.others, readOthers())),
      stolen: percentOf(stolenTicks() - before.stolen),
    };
  };
}

export function isQuiet({ others, stolen }: Activity): boolean {
  return others <= QUIET.others && stolen <= QUIET.stolen;
}

export function formatActivity({ others, stolen }: Activity): string {
  return `others ${others.toFixed(0)} % of a core, stolen ${stolen.toFixed(0)} %`;
}

interface Process {
  readonly parent: number;
  /** With what its children took that have ended and were waited for. */
  readonly ticks: number;
}

type Processes = ReadonlyMap<number, Process>;

/** What has ended meanwhile stands in the account of who waited for it; where nobody did, it is left out. */
function ticksBetween(before: Processes, after: Processes): number {
  const isAccounted = (pid: number) => [...ancestorsOf(pid, before)].some((ancestor) => after.has(ancestor));
  const begun = [...before].filter(([pid]) => isAccounted(pid));
  const ticksOf = (processes: Iterable<readonly [number, Process]>) =>
    sumOf([...processes].map(([, { ticks }]) => ticks));
  return ticksOf(after) - ticksOf(begun);
}

/** Kernel threads are left out, which work for the bench as well, and init, which inherits whom nobody waited for. */
function readOthers(): Processes {
  const processes = new Map<number, Process>();
  for (const name of readdirSync("/proc")) {
    const process = /^\d+$/.test(name) ? readProcess(name) : null;
    if (process !== null) processes.set(Number(name), process);
  }
  const own = ancestorsOf(process.pid, processes);
  const isOther = (pid: number, parent: number) =>
    pid !== INIT && pid !== KERNEL_THREADS && parent !== KERNEL_THREADS && !own.has(pid);
  return new Map(
    [...processes].filter(
      ([pid, { parent }]) => isOther(pid, parent) && !ancestorsOf(pid, processes).has(process.pid),
    ),
  );
}

/** The process itself among them. */
function ancestorsOf(pid: number, processes: Processes): ReadonlySet<number> {
  const found = new Set<number>();
  for (let at: number | undefined = pid; at !== undefined && at > 0 && !found.has(at); ) {
    found.add(at);
    at = processes.get(at)?.parent;
  }
  return found;
}

/** `null` when it has ended. */
function readProcess(pid: string): Process | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // behind the name, which may hold spaces and brackets: state, parent, …
    const fields = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    const [user = 0, kernel = 0, childrenUser = 0, childrenKernel = 0] = fields.slice(11, 15);
    return { parent: fields[1] ?? 0, ticks: user + kernel + childrenUser + childrenKernel };
  } catch {
    return null;
  }
}

function stolenTicks(): number {
  const line = /^cpu +(.*)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1] ?? "";
  return Number(line.split(" ")[7] ?? 0);
}
