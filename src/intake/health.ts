/** Whether snapshots are kept. */
export interface IntakeHealth {
  readonly status: "ok" | "degraded";
  /** A line each; nothing that a stranger is not to know. */
  readonly reasons: readonly string[];
}

/** What an intake does, in words that follow "cannot". */
export type Duty = "keep snapshots" | "tidy what is kept" | "read its tokens" | "read its certificate";

/**
 * What has failed and has not worked since. The intake answers 200 all the same, for restarting it makes no room on a
 * disk.
 */
export class Health {
  readonly #failures = new Map<Duty, { readonly reason: string; readonly sinceMs: number }>();
  readonly #wallMs: () => number;

  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  worked(duty: Duty): void {
    this.#failures.delete(duty);
  }

  /** @returns whether it had worked before */
  failed(duty: Duty, error: unknown): boolean {
    const known = this.#failures.get(duty);
    const reason = isDiskFull(error) ? "no space left on the disk" : "the log says why";
    this.#failures.set(duty, { reason, sinceMs: known?.sinceMs ?? this.#wallMs() });
    return known === undefined;
  }

  look(): IntakeHealth {
    const reasons = [...this.#failures].map(
      ([duty, { reason, sinceMs }]) => `cannot ${duty} since ${new Date(sinceMs).toISOString()}: ${reason}`,
    );
    return { status: reasons.length === 0 ? "ok" : "degraded", reasons };
  }
}

/** Whether that, or what has caused it, is a disk without room. */
export function isDiskFull(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (("code" in at && at.code === "ENOSPC") || /no space left on device/i.test(at.message)) return true;
  }
  return false;
}
