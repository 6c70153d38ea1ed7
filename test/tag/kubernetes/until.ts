import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";

const DEADLINE_MS = 10_000;
const POLL_MS = 5;

/** Asks until the answer is yes. */
export async function until(what: string, ask: () => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!ask()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${DEADLINE_MS / 1_000} s`);
    await setTimeout(POLL_MS);
  }
}

/** Asks until the answer is the one expected, and shows both when it never is. */
export async function untilEqual<Answer>(ask: () => Answer, expected: Answer): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    try {
      assert.deepEqual(ask(), expected);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await setTimeout(POLL_MS);
    }
  }
}
