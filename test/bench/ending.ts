import { readFileSync } from "node:fs";

const KILL_EVERY_MS = 100;

/**
 * On the first SIGINT or SIGTERM ends every program that the bench has started, and those that it still starts: so what waits
 * for them fails, and who opened something closes it on the way out. What the kernel was asked to make (namespaces, mounts)
 * belongs to those programs and goes with them.
 */
export function endOnSignals(): AbortSignal {
  const controller = new AbortController();
  const end = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) return;
    controller.abort(signal);
    killChildren();
    setInterval(killChildren, KILL_EVERY_MS).unref();
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  return controller.signal;
}

/** Those of the main thread: the others' belong to the loader of TypeScript. */
function killChildren(): void {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8");
  for (const pid of children.split(" ").filter(Boolean).map(Number)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {}
  }
}
