import { readFileSync } from "node:fs";

const LOOK_EVERY_MS = 1000;

/**
 * Tells when the shell under the view has died and another one has the terminal: no signal says so, and both would
 * write on it. Call what it returns to look no more.
 */
export function watchForeground(onLost: () => void): () => void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    // A background job that still has its shell is stopped by the terminal itself.
    if (process.ppid !== parent && !isInForeground()) onLost();
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** By /proc: the process group of this process, and the one that has its terminal. */
function isInForeground(): boolean {
  try {
    const stat = readFileSync("/proc/self/stat", "latin1");
    // The name before may hold anything; after it come state, parent, group, session, terminal, its group.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[2] === fields[5];
  } catch {
    return true;
  }
}
