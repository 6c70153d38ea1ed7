import { setTimeout } from "node:timers/promises";

const DEADLINE_MS = 15_000;
const POLL_MS = 25;

/** Asks until the answer is something, and gives it. Throws with `what` when that takes longer than anything should. */
export async function until<Answer>(
  what: string,
  ask: () => Answer | null | undefined | false,
): Promise<Answer> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const answer = ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`${what} did not come within ${DEADLINE_MS / 1000} s`);
    await setTimeout(POLL_MS);
  }
}

/** Ends a process by its number; no matter if it ended by itself. */
export function kill(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {}
}
