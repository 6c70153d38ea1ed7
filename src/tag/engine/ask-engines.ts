import { DEFAULT_LIMITS } from "./limits.ts";
import { findSockets } from "./sockets.ts";
import type { SocketState } from "./status.ts";
import { askVersion } from "./version.ts";

/** What may be asked otherwise. All have the values of a real host by default. */
export interface AskEnginesOptions {
  /** Paths of unix sockets; those of {@link findSockets} by default. */
  readonly sockets?: readonly string[];
  /** Milliseconds, for all of them together. */
  readonly timeoutMs?: number;
}

/** Asks once who listens on each socket, for a command that prints it and ends. Does not reject. */
export function askEngines(options: AskEnginesOptions = {}): Promise<SocketState[]> {
  const sockets = options.sockets ?? findSockets(process.env, process.getuid?.());
  const limits = { ...DEFAULT_LIMITS, timeoutMs: options.timeoutMs ?? DEFAULT_LIMITS.timeoutMs };
  const { signal } = new AbortController();
  return Promise.all(
    sockets.map(async (socket) => {
      return { ...(await askVersion({ socket, limits, signal, holdsProcess: true })), socket };
    }),
  );
}
