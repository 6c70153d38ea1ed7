import { setTimeout as pause } from "node:timers/promises";
import { Backoff } from "./backoff.ts";
import type { ContainerFacts } from "./container-facts.ts";
import { type ContainerEvent, decodeEvent, EVENTS_PATH } from "./event.ts";
import type { EngineLimits } from "./limits.ts";
import { Lookups } from "./lookups.ts";
import { followLines, type RequestTarget } from "./request.ts";
import type { EngineIdentity, EngineState, EngineStatus } from "./status.ts";
import { askVersion } from "./version.ts";

/** What an engine asks of and tells whoever remembers its containers. */
export interface EngineAudience {
  /** Containers to look up now that it answers. `missed`: any that it named may have another name by now. */
  readonly idsToLookUp: (missed: boolean) => Iterable<string>;
  /** Asked just before a lookup. */
  readonly isWanted: (containerId: string) => boolean;
  /** `null`: the engine has no such container. */
  readonly onAnswer: (containerId: string, facts: ContainerFacts | null) => void;
  readonly onEvent: (event: ContainerEvent) => void;
}

/** An engine that gives no events is asked anew about every container as often as this. */
const READ_ANEW_MS = 60_000;
const WITHOUT_EVENTS = "new names are noticed late, containers that live for moments not at all";

/**
 * One engine that may come and go: asks who it is, follows its events, looks containers up, and begins again when
 * the stream of events ends. Nothing here keeps the process alive, blocks or throws.
 */
export class Engine {
  readonly #target: Omit<RequestTarget, "path">;
  readonly #limits: EngineLimits;
  readonly #audience: EngineAudience;
  readonly #nowMs: () => number;
  readonly #closing = new AbortController();
  readonly #backoff: Backoff;
  readonly #lookups: Lookups;
  #state: EngineState = { state: "asked" };
  #skippedEvents = 0;
  #readAtMs: number | null = null;

  constructor(socket: string, limits: EngineLimits, audience: EngineAudience, nowMs: () => number) {
    this.#target = { socket, limits, signal: this.#closing.signal, holdsProcess: false };
    this.#limits = limits;
    this.#audience = audience;
    this.#nowMs = nowMs;
    this.#backoff = new Backoff(limits.firstRetryMs, limits.maxRetryMs);
    const { isWanted, onAnswer } = audience;
    this.#lookups = new Lookups(limits, { target: this.#target, isWanted, onAnswer });
  }

  /** Begins once what runs now is over: whoever starts has more urgent things to do. Call once. */
  start(): void {
    setImmediate(() => {
      if (!this.#closing.signal.aborted) void this.#run();
    });
  }

  lookUp(containerId: string): void {
    this.#lookups.add(containerId);
  }

  forget(containerId: string): void {
    this.#lookups.forget(containerId);
  }

  status(): EngineStatus {
    const { socket } = this.#target;
    const counts = { socket, lookups: this.#lookups.sent, skippedEvents: this.#skippedEvents };
    const refusal = this.#lookups.refusal;
    if (this.#state.state !== "reachable" || refusal === null) return { ...this.#state, ...counts };
    const reason = `GET /containers/ID/json: ${refusal.reason}`;
    return { state: "failing", reason, engine: this.#state.engine, ...counts };
  }

  close(): void {
    this.#closing.abort();
    this.#lookups.stop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const greeting = await askVersion(this.#target);
      if (greeting.state === "reachable") await this.#follow(greeting.engine);
      else this.#lose(greeting);
      await pause(this.#backoff.next(), undefined, { ref: false, signal }).catch(() => {});
    }
  }

  #lose(state: EngineState): void {
    this.#lookups.stop();
    const engine = "engine" in this.#state ? this.#state.engine : null;
    this.#state = state.state === "failing" ? { ...state, engine } : state;
  }

  async #follow(engine: EngineIdentity): Promise<void> {
    let openedAtMs: number | null = null;
    const end = await followLines(
      { ...this.#target, path: EVENTS_PATH },
      {
        nowMs: this.#nowMs,
        onOpen: () => {
          openedAtMs = this.#nowMs();
          this.#state = { state: "reachable", engine, trouble: null };
          this.#lookUpAll(true);
        },
        onLine: (line) => {
          const event = decodeEvent(line);
          if (event !== null) this.#audience.onEvent(event);
        },
        onSkip: (lines) => {
          this.#skippedEvents += lines;
        },
      },
    );
    if (this.#closing.signal.aborted) return;
    const trouble = `GET /events: ${end.reason}; ${WITHOUT_EVENTS}`;
    this.#state = { state: "reachable", engine, trouble };
    if (openedAtMs === null) this.#lookUpAll(false);
    else if (this.#nowMs() - openedAtMs >= this.#limits.steadyMs) this.#backoff.reset();
  }

  /** @param opened - events are told from now on, so nothing is missed after this */
  #lookUpAll(opened: boolean): void {
    const nowMs = this.#nowMs();
    const missed = this.#readAtMs !== null && (opened || nowMs - this.#readAtMs >= READ_ANEW_MS);
    if (missed || this.#readAtMs === null) this.#readAtMs = nowMs;
    for (const id of this.#audience.idsToLookUp(missed)) this.#lookups.add(id);
    this.#lookups.start();
  }
}
