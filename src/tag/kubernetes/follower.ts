import { setTimeout } from "node:timers/promises";
import { ApiFault, toFault } from "./api-fault.ts";
import { backoffMs, spreadMs } from "./backoff.ts";
import { type Connection, openConnection } from "./connection.ts";
import type { ApiEndpoint } from "./endpoint.ts";
import type { PodView } from "./pod.ts";
import { listPods, type PodListener } from "./pod-list.ts";
import type { PodReader, PodReading } from "./pod-reader.ts";
import type { PodStore } from "./pod-store.ts";
import { watchPods } from "./pod-watch.ts";
import { SourceHealth } from "./source-health.ts";
import type { PodTimings } from "./timings.ts";

export interface FollowerSettings {
  readonly endpoint: ApiEndpoint;
  readonly view: PodView;
  /** Which pods; see `selectors.ts`. */
  readonly fieldSelector: string;
  /**
   * Take lists from the API server's memory and in one piece: a list of one node is cheap there, while etcd would read
   * all pods of the cluster for it. A list of the cluster is better had in pages.
   */
  readonly fromCache: boolean;
}

/** What everything that learns of pods works with. */
export interface SourceDeps {
  readonly reader: PodReader;
  readonly store: PodStore;
  readonly timings: PodTimings;
  readonly signal: AbortSignal;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** 0 or more, below 1. */
  readonly random: () => number;
  /** After each change of `health`. */
  readonly onHealth: () => void;
}

/** A watch that ended sooner than this many first pauses, and told nothing, has not worked. */
const SHORT_WATCH = 5;
/** Where watching is forbidden the cluster is listed that much more rarely than the node. */
const CLUSTER_PAUSES = 5;

/**
 * Follows pods of the API server: lists them, watches from there on, watches again where a watch ended, and lists
 * again when too much was missed. What is known stays known while the server is away, for a while.
 */
export class PodFollower {
  readonly health: SourceHealth;
  readonly #settings: FollowerSettings;
  readonly #deps: SourceDeps;
  readonly #query: URLSearchParams;
  /** How far the store is; `null`: a list is needed. */
  #version: string | null = null;
  /** Revision of the store at that version: what somebody else changed since then comes back with a list only. */
  #revision = 0;
  /** The last version that was seen, not to go back behind it. */
  #seen = "0";
  /** The server's memory is not so far yet. */
  #cacheLags = false;
  /** Pages expire faster than they are read. */
  #pagesExpire = false;
  #doing: "list" | "watch" = "list";
  /** Watching was forbidden; until then lists must do. */
  #listsUntilMs = Number.NEGATIVE_INFINITY;

  constructor(settings: FollowerSettings, deps: SourceDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#query = new URLSearchParams({ fieldSelector: settings.fieldSelector });
    this.health = new SourceHealth(deps.onHealth);
  }

  /** Ends when the signal aborts. Does not throw. */
  async run(): Promise<void> {
    const { signal } = this.#deps;
    while (!signal.aborted) {
      let pauseMs: number;
      try {
        pauseMs = await this.#follow();
      } catch (error) {
        if (signal.aborted) return;
        pauseMs = this.#failed(toFault(error));
      }
      await setTimeout(pauseMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** @returns how long to wait before going on */
  async #follow(): Promise<number> {
    const { store, timings, signal, nowMs, random } = this.#deps;
    const connection = await openConnection(this.#settings.endpoint, signal);
    try {
      this.#doing = "list";
      const isPolling = nowMs() < this.#listsUntilMs;
      if (store.revision(this.#settings.view) !== this.#revision) this.#version = null;
      if (this.#version === null || isPolling) {
        this.#version = await this.#list(connection);
        this.#serves(isPolling ? "polling" : "watching");
      }
      if (isPolling) {
        this.health.provesGood();
        return this.#relistPauseMs();
      }
      this.#doing = "watch";
      await this.#watch(connection, this.#version);
      return spreadMs(timings.retryMinMs, random());
    } finally {
      connection.close();
    }
  }

  async #list(connection: Connection): Promise<string> {
    const { store, timings } = this.#deps;
    const fromCache = this.#settings.fromCache && !this.#cacheLags;
    const paged = !fromCache && !this.#pagesExpire;
    const query = new URLSearchParams(this.#query);
    if (fromCache) query.set("resourceVersion", this.#seen);
    this.health.beginsAnew();
    const listing = store.openListing(this.#settings.view);
    const version = await listPods(connection, query, paged, timings, this.#listener(listing.put));
    listing.finish();
    this.#revision = store.revision(this.#settings.view);
    this.#cacheLags = false;
    this.#pagesExpire = false;
    this.#seen = version;
    return version;
  }

  async #watch(connection: Connection, version: string): Promise<void> {
    const { store, timings, nowMs, random } = this.#deps;
    const { view } = this.#settings;
    const begunMs = nowMs();
    let hasTold = false;
    await watchPods(connection, this.#query, version, timings.watchMs * (1 + random()), timings, {
      ...this.#listener((reading) => store.put(reading)),
      onOpen: () => {
        if (store.revision(view) !== this.#revision)
          throw new ApiFault("gone", "the kubelet was asked meanwhile");
        this.#serves("watching");
      },
      onGone: (json) => this.#read(json, (reading) => store.remove(reading)),
      onVersion: (reached) => {
        this.#version = reached;
        this.#seen = reached;
        hasTold = true;
        store.heard(view);
        this.health.provesGood();
      },
    });
    if (!hasTold && nowMs() - begunMs < SHORT_WATCH * timings.retryMinMs) {
      throw new ApiFault("unreachable", "the watch ended as soon as it began");
    }
    this.health.provesGood();
  }

  #listener(take: (reading: PodReading) => void): PodListener {
    return {
      onPod: (json) => this.#read(json, take),
      onOversized: () => this.health.passesOver(),
    };
  }

  #read(json: unknown, take: (reading: PodReading) => void): void {
    const reading = this.#deps.reader.read(json, this.#settings.view);
    if (reading === null) this.health.passesOver();
    else take(reading);
  }

  /** @returns how long to wait before trying again */
  #failed(fault: ApiFault): number {
    const { store, timings, nowMs, random } = this.#deps;
    const { view } = this.#settings;
    if (fault.kind === "forbidden" && this.#doing === "watch") {
      this.#listsUntilMs = nowMs() + timings.forbiddenMs;
      this.#serves("polling");
      return this.#relistPauseMs();
    }
    this.health.fails(fault);
    if (this.#doing === "list") {
      this.#cacheLags = fault.kind === "gone" || fault.kind === "busy";
      this.#pagesExpire = fault.kind === "gone";
    }
    if (fault.kind === "gone" || fault.kind === "nonsense") this.#version = null;
    // the kubelet may go on telling of the node; of the cluster nobody else tells
    if (fault.kind === "forbidden" && view === "cluster") store.distrust(view);
    else store.distrustIfSilent(view, timings.staleMs);
    if (fault.kind === "forbidden") return spreadMs(timings.forbiddenMs, random());
    const pauseMs = backoffMs(this.health.failures, timings.retryMinMs, timings.retryMaxMs, random());
    return Math.max(fault.retryAfterMs, pauseMs);
  }

  #relistPauseMs(): number {
    const { timings, random } = this.#deps;
    const pauses = this.#settings.view === "cluster" ? CLUSTER_PAUSES : 1;
    return spreadMs(pauses * timings.relistMs, random());
  }

  #serves(state: "watching" | "polling"): void {
    this.#deps.store.heard(this.#settings.view);
    this.health.serves(state);
  }
}
