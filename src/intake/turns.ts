import { Refusal } from "./refusal.ts";

/**
 * Lets so many pieces of work run at once. Those that wait go by turns of their senders: who has sent a hundred is not
 * served a hundred times before who has sent one.
 */
export class Turns {
  readonly #places: number;
  readonly #maxWaiting: number;
  /** By sender; whose turn is next comes first. */
  readonly #queues = new Map<string, (() => void)[]>();
  #running = 0;
  #waiting = 0;

  constructor(places: number, maxWaiting: number) {
    this.#places = places;
    this.#maxWaiting = maxWaiting;
  }

  /** @throws Refusal 503 when too many wait; whatever the work throws */
  async run<Value>(sender: string, work: () => Promise<Value>): Promise<Value> {
    if (this.#running >= this.#places) await this.#wait(sender);
    else this.#running++;
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  #wait(sender: string): Promise<void> {
    if (this.#waiting >= this.#maxWaiting) {
      throw new Refusal(503, "busy", "too many requests at once", "", 1);
    }
    this.#waiting++;
    return new Promise((start) => {
      const queue = this.#queues.get(sender) ?? [];
      queue.push(start);
      this.#queues.set(sender, queue);
    });
  }

  /** The place goes to who waits, or is free. */
  #next(): void {
    for (const [sender, queue] of this.#queues) {
      const first = queue.shift();
      this.#queues.delete(sender);
      if (queue.length > 0) this.#queues.set(sender, queue);
      if (first === undefined) continue;
      this.#waiting--;
      first();
      return;
    }
    this.#running--;
  }
}
