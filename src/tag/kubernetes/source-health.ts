import type { ApiFault } from "./api-fault.ts";

export type SourceState = "idle" | "watching" | "polling" | "failing";

/** How something that pods are learnt from is doing. */
export class SourceHealth {
  readonly #onChange: () => void;
  #state: SourceState = "idle";
  #fault: ApiFault | null = null;
  #failures = 0;
  #passedOver = 0;

  /** @param onChange - called after each change of `state`, and after each failure */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get state(): SourceState {
    return this.#state;
  }

  get isServing(): boolean {
    return this.#state === "watching" || this.#state === "polling";
  }

  /** What went wrong last; `null` while nothing does. */
  get fault(): ApiFault | null {
    return this.#fault;
  }

  /** In a row, up to now. */
  get failures(): number {
    return this.#failures;
  }

  /** Objects that were no pods or too large, in the last list and since. */
  get passedOverCount(): number {
    return this.#passedOver;
  }

  /** It answers. Whether it goes on to do so is not known yet: the failures before that still count. */
  serves(state: "watching" | "polling"): void {
    this.#fault = null;
    this.#become(state);
  }

  /** It did what it should. */
  provesGood(): void {
    this.#failures = 0;
  }

  fails(fault: ApiFault): void {
    this.#failures++;
    this.#fault = fault;
    this.#become("failing");
  }

  /** Nobody asks it any more. */
  rests(): void {
    this.#failures = 0;
    this.#fault = null;
    this.#become("idle");
  }

  /** A list begins. */
  beginsAnew(): void {
    this.#passedOver = 0;
  }

  passesOver(): void {
    this.#passedOver++;
  }

  #become(state: SourceState): void {
    const hasChanged = state !== this.#state || state === "failing";
    this.#state = state;
    if (hasChanged) this.#onChange();
  }
}
