import { misuse } from "./error.ts";

/**
 * How long something native lives. What is opened through it is adopted by it and closed with it, newest first;
 * every use asks `check` beforehand, so that a use after the end throws and touches nothing.
 */
export class Lifetime {
  readonly #what: string;
  readonly #children = new Set<() => void>();
  #ended = false;

  /** `what` names the thing in messages: `map "flows"`. */
  constructor(what: string) {
    this.#what = what;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Throws `misuse` after the end. */
  check(): void {
    if (this.#ended) throw misuse(`${this.#what} is closed`);
  }

  /** Calls `close` at the end, unless the returned function is called before. */
  adopt(close: () => void): () => void {
    this.check();
    this.#children.add(close);
    return () => this.#children.delete(close);
  }

  /** Ends it: closes what was adopted. Returns false when it had ended already. */
  end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    for (const close of [...this.#children].reverse()) close();
    this.#children.clear();
    return true;
  }
}
