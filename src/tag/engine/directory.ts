/**
 * Part `engine` of stage `tag`: takes the ids of containers, gives the names, images and labels that Docker or
 * Podman have for them, through the API that both speak on a unix socket. containerd and cri-o have no such API, so
 * of their containers only the ids are known. It only reads, but asking is not always without effect: where systemd
 * listens on the socket for an engine that is not running, it starts that engine, as any other client would.
 *
 * Engines are taken to be absent, slow, restarting or hostile: everything read from them is bounded in size, time
 * and number, and nothing of it is trusted to have the right shape.
 */
import type { ContainerFacts } from "./container-facts.ts";
import { isContainerId } from "./container-id.ts";
import { Engine } from "./engine.ts";
import { DEFAULT_LIMITS, type EngineLimits } from "./limits.ts";
import { Roster } from "./roster.ts";
import { findSockets } from "./sockets.ts";
import type { EngineStatus } from "./status.ts";

/** Answers at once from memory; a first question for an id starts one lookup in the background. */
export interface ContainerDirectory {
  /**
   * `null`: not known, or not known yet. The same object until something changed. Never blocks, never throws,
   * allocates nothing for ids that were asked for before. A removed container stays known until the room is needed.
   */
  get(containerId: string): ContainerFacts | null;
  /** How it stands with each engine, in the order of the sockets. */
  status(): readonly EngineStatus[];
  /** Gives up what is under way; what is known stays. Safe to call twice. */
  close(): void;
}

export interface ContainerDirectoryOptions {
  /** Paths of unix sockets; those of {@link findSockets} by default. */
  readonly sockets?: readonly string[];
  /** Something became known or changed for an id that was asked for: ask again. Not called by `get` itself; must not throw. */
  readonly onChange: (containerId: string) => void;
  /** Over this many, the eighth that went longest without being asked for is forgotten. Default 4,096. */
  readonly maxContainers?: number;
  /** Each has a default, see `DEFAULT_LIMITS`. */
  readonly limits?: Partial<EngineLimits>;
  /** Monotonic clock, milliseconds. */
  readonly nowMs?: () => number;
}

/** Starts asking the engines in the background. Must be closed, but a process may end without. */
export function openContainerDirectory(options: ContainerDirectoryOptions): ContainerDirectory {
  const { maxContainers = 4_096, nowMs = () => performance.now() } = options;
  const sockets = options.sockets ?? findSockets(process.env, process.getuid?.());
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const roster = new Roster(maxContainers, options.onChange);
  const engines = sockets.map((socket) => openEngine(socket, limits, roster, nowMs));
  let closed = false;

  function ask(id: string): ContainerFacts | null {
    if (closed || !isContainerId(id)) return null;
    for (const forgotten of roster.add(id)) for (const engine of engines) engine.forget(forgotten);
    for (const engine of engines) engine.lookUp(id);
    return roster.find(id) ?? null;
  }

  return {
    get(id) {
      const facts = roster.find(id);
      return facts === undefined ? ask(id) : facts;
    },
    status: () => engines.map((engine) => engine.status()),
    close() {
      closed = true;
      for (const engine of engines) engine.close();
    },
  };
}

function openEngine(socket: string, limits: EngineLimits, roster: Roster, nowMs: () => number): Engine {
  const engine = new Engine(
    socket,
    limits,
    {
      idsToLookUp: (missed) => roster.idsToLookUp(socket, missed),
      isWanted: (id) => roster.isWanted(socket, id),
      onAnswer: (id, facts) => roster.learn(socket, id, facts),
      onEvent: (event) => {
        if (roster.hear(socket, event)) engine.lookUp(event.id);
      },
    },
    nowMs,
  );
  engine.start();
  return engine;
}
