import { setTimeout } from "node:timers/promises";
import { toFault } from "./api-fault.ts";
import { backoffMs, spreadMs } from "./backoff.ts";
import { openConnection } from "./connection.ts";
import type { ApiEndpoint } from "./endpoint.ts";
import type { SourceDeps } from "./follower.ts";
import { readPods } from "./pod-list.ts";
import { SourceHealth } from "./source-health.ts";

/**
 * Asks the kubelet for the pods of its node every now and then, from `start` to `stop`. The kubelet cannot be watched, and
 * knows nothing of other nodes.
 */
export class KubeletPoller {
  readonly health: SourceHealth;
  readonly #endpoint: ApiEndpoint;
  readonly #deps: SourceDeps;
  #running: AbortController | null = null;

  constructor(endpoint: ApiEndpoint, deps: SourceDeps) {
    this.#endpoint = endpoint;
    this.#deps = deps;
    this.health = new SourceHealth(deps.onHealth);
  }

  start(): void {
    if (this.#running !== null || this.#deps.signal.aborted) return;
    const running = new AbortController();
    this.#running = running;
    const stop = () => running.abort();
    this.#deps.signal.addEventListener("abort", stop);
    void this.#run(running.signal).finally(() => this.#deps.signal.removeEventListener("abort", stop));
  }

  /** What is under way is given up. */
  stop(): void {
    if (this.#running === null) return;
    this.#running.abort();
    this.#running = null;
    this.health.rests();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { store, timings, random } = this.#deps;
    while (!signal.aborted) {
      let pauseMs = spreadMs(timings.kubeletPollMs, random());
      try {
        await this.#poll(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.health.fails(toFault(error));
        store.distrustIfSilent("node", timings.staleMs);
        const { failures } = this.health;
        pauseMs = Math.max(pauseMs, backoffMs(failures, timings.retryMinMs, timings.retryMaxMs, random()));
      }
      await setTimeout(pauseMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const { reader, store, timings } = this.#deps;
    const connection = await openConnection(this.#endpoint, signal);
    try {
      this.health.beginsAnew();
      const listing = store.openListing("node");
      await readPods(connection, "/pods", timings, {
        onPod: (json) => {
          const reading = reader.read(json, "node");
          if (reading === null) this.health.passesOver();
          else listing.put(reading);
        },
        onOversized: () => this.health.passesOver(),
      });
      if (signal.aborted) return;
      listing.finish();
      store.heard("node");
      this.health.serves("polling");
      this.health.provesGood();
    } finally {
      connection.close();
    }
  }
}
