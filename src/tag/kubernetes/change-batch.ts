import type { PodFacts } from "./pod.ts";

/** What is answered differently from now on. */
export interface PodChange {
  /** Pods that became known or whose facts changed. A pod that ended is not told of: what it was it has been. */
  readonly pods: readonly PodFacts[];
  /** Addresses that belong to another pod now, or to none. */
  readonly ips: readonly string[];
}

/** Gathers changes and tells them together, at most once a pause: a first listing changes thousands of pods at once. */
export class ChangeBatch {
  readonly #tell: (change: PodChange) => void;
  readonly #pauseMs: number;
  #pods = new Map<string, PodFacts>();
  #ips = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(tell: (change: PodChange) => void, pauseMs: number) {
    this.#tell = tell;
    this.#pauseMs = pauseMs;
  }

  addPod(facts: PodFacts): void {
    this.#pods.set(facts.uid, facts);
    this.#schedule();
  }

  addIp(ip: string): void {
    this.#ips.add(ip);
    this.#schedule();
  }

  /** What was not told yet is dropped. */
  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#pods.clear();
    this.#ips.clear();
  }

  #schedule(): void {
    if (this.#closed || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      const change = { pods: [...this.#pods.values()], ips: [...this.#ips] };
      this.#timer = null;
      this.#pods = new Map();
      this.#ips = new Set();
      this.#tell(change);
    }, this.#pauseMs);
    this.#timer.unref();
  }
}
