import { Backoff } from "./backoff.ts";
import { type ContainerFacts, decodeContainer } from "./container-facts.ts";
import type { EngineLimits } from "./limits.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { type Answer, getJson, type RequestTarget } from "./request.ts";

/** While lookups fail, this many are tried again at a time; once one went well, all that failed. */
const TRIALS = 4;

export interface LookupsDeps {
  /** How to ask, but for the path. */
  readonly target: Omit<RequestTarget, "path">;
  /** Asked just before a request is sent; what need not be looked up any more is left out. */
  readonly isWanted: (containerId: string) => boolean;
  /** `null`: the engine has no such container. */
  readonly onAnswer: (containerId: string, facts: ContainerFacts | null) => void;
}

/**
 * Looks containers up, a few at a time. What fails is tried again, later each time, until it is answered or
 * forgotten; others do not wait for that. Holds ids only: as many as whoever adds them remembers.
 */
export class Lookups {
  readonly #deps: LookupsDeps;
  readonly #maxInFlight: number;
  readonly #backoff: Backoff;
  readonly #pending = new Set<string>();
  readonly #inFlight = new Set<string>();
  readonly #failed = new Set<string>();
  #retry: NodeJS.Timeout | null = null;
  #active = false;
  #refusal: Refusal | null = null;
  #sent = 0;

  constructor(limits: EngineLimits, deps: LookupsDeps) {
    this.#deps = deps;
    this.#maxInFlight = limits.maxInFlight;
    this.#backoff = new Backoff(limits.firstRetryMs, limits.maxRetryMs);
  }

  /** Requests sent so far. */
  get sent(): number {
    return this.#sent;
  }

  /** Why the last one that failed did, unless one went well since. */
  get refusal(): Refusal | null {
    return this.#refusal;
  }

  /** Looks it up, once more if that is being done: the answer under way may be older than the reason to ask. */
  add(containerId: string): void {
    this.#failed.delete(containerId);
    this.#pending.add(containerId);
    this.#pump();
  }

  forget(containerId: string): void {
    this.#failed.delete(containerId);
    this.#pending.delete(containerId);
  }

  /** Until then nothing is sent. */
  start(): void {
    this.#active = true;
    this.#pump();
  }

  /** Sends nothing more and forgets what waits. */
  stop(): void {
    this.#active = false;
    this.#refusal = null;
    this.#pending.clear();
    this.#failed.clear();
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
  }

  #pump(): void {
    if (!this.#active) return;
    for (const id of this.#pending) {
      if (this.#inFlight.size >= this.#maxInFlight) return;
      if (this.#inFlight.has(id)) continue;
      this.#pending.delete(id);
      if (this.#deps.isWanted(id)) void this.#lookUp(id);
    }
  }

  async #lookUp(id: string): Promise<void> {
    this.#inFlight.add(id);
    this.#sent++;
    const outcome = judge(id, await getJson({ ...this.#deps.target, path: `/containers/${id}/json` }));
    this.#inFlight.delete(id);
    if (!this.#active) return;
    if (outcome !== null && "reason" in outcome) {
      this.#fail(id, outcome);
    } else {
      if (this.#refusal !== null) this.#recover();
      this.#deps.onAnswer(id, outcome);
    }
    this.#pump();
  }

  #fail(id: string, refusal: Refusal): void {
    this.#refusal = refusal;
    if (this.#pending.has(id) || !this.#deps.isWanted(id)) return;
    this.#failed.add(id);
    this.#retry ??= this.#schedule();
  }

  #recover(): void {
    this.#refusal = null;
    this.#backoff.reset();
    if (this.#retry === null) return;
    clearTimeout(this.#retry);
    this.#retry = this.#schedule();
  }

  #schedule(): NodeJS.Timeout {
    return setTimeout(() => this.#tryAgain(), this.#backoff.next()).unref();
  }

  #tryAgain(): void {
    const count = this.#refusal === null ? this.#failed.size : TRIALS;
    for (const id of [...this.#failed].slice(0, count)) {
      this.#failed.delete(id);
      this.#pending.add(id);
    }
    this.#retry = this.#failed.size === 0 ? null : this.#schedule();
    this.#pump();
  }
}

function judge(id: string, answer: Answer): ContainerFacts | Refusal | null {
  if (!answer.ok) return answer.kind === "missing" ? null : answer;
  return decodeContainer(id, answer.value) ?? refuse("failed", "the answer is not that container");
}
