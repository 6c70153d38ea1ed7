/**
 * Ground truth for tests: programs that move real TCP bytes and say what they themselves counted. Loopback and
 * namespaces made for the test only. Whoever starts something closes it: `await using`, or `close()`.
 */
import { buildTraffic } from "./build.ts";
import { Child, type LaunchOptions } from "./child.ts";

export { buildTraffic } from "./build.ts";
export type { LaunchOptions } from "./child.ts";

/** A client announces its connection in a header of this many bytes, part of all byte counts. */
export const HEADER_BYTES = 20;

export interface WorkerTotals {
  readonly pid: number;
  readonly accepted: number;
  readonly bytes_sent: number;
  readonly bytes_received: number;
  /** Connections that ended with an error, mostly a reset by the client. */
  readonly resets: number;
  /** Connections that the client ended before it had sent what it announced. */
  readonly incomplete: number;
}

/** Sums over the workers; `pid` is that of the parent. Without workers, one entry for the process itself. */
export interface ServerTotals extends WorkerTotals {
  readonly workers: readonly WorkerTotals[];
}

export interface ClientTotals {
  readonly pid: number;
  /** Attempts, failed ones included. */
  readonly connections: number;
  readonly bytes_sent: number;
  readonly bytes_received: number;
  readonly failed: number;
  readonly resets: number;
  /** Name of the first error met, `ECONNREFUSED`. */
  readonly first_error: string | null;
}

export interface FailureTotals {
  readonly pid: number;
  readonly connections: number;
  readonly connected: number;
  readonly refused: number;
  readonly timed_out: number;
  readonly unreachable: number;
  readonly other: number;
}

export interface ServerOptions extends LaunchOptions {
  readonly family?: 4 | 6;
  /** Default loopback. A server on `::` takes IPv4 too. */
  readonly address?: string;
  /** Default: any free one. */
  readonly port?: number;
  /** Processes forked to accept from one listener; default none, the process accepts by itself. */
  readonly workers?: number;
}

export interface ClientOptions extends LaunchOptions {
  /** `127.0.0.1:80` or `[::1]:80` */
  readonly to: string;
  readonly connections?: number;
  /** Connections at a time, a thread each. */
  readonly parallel?: number;
  /** Payload of a connection: that many bytes, or `[min, max]` chosen by the seed. The header comes on top. */
  readonly sendBytes?: number | readonly [min: number, max: number];
  readonly receiveBytes?: number | readonly [min: number, max: number];
  /** Pause with everything moved and the connection open. */
  readonly holdMs?: number;
  readonly seed?: number;
  readonly firstClose?: "client" | "server" | "alternate";
  readonly halfClose?: boolean;
  /** Source addresses, from 127.0.0.1 on; each has some 28,000 ports. */
  readonly sources?: number;
  /** End the process with its sockets open. */
  readonly exitFast?: boolean;
}

export interface TrafficServer extends AsyncDisposable {
  /** For `to`. */
  readonly target: string;
  readonly port: number;
  /** The processes that accept. */
  readonly pids: readonly number[];
  /** Ends the server once nothing more is on its way, and tells what it counted. */
  stop(): Promise<ServerTotals>;
  close(): Promise<void>;
}

export interface TrafficHold extends AsyncDisposable {
  readonly pid: number;
  /** Connections that are open. */
  readonly open: number;
  /** Sends that many bytes on each connection. Returns how many all of them took together. */
  send(bytes: number): Promise<number>;
  /** Closes all connections and tells what was counted. */
  stop(): Promise<ClientTotals>;
  close(): Promise<void>;
}

/** A server that accepts until it is stopped. */
export async function startServer(options: ServerOptions = {}): Promise<TrafficServer> {
  const { family = 4, address = family === 6 ? "::1" : "127.0.0.1", port, workers } = options;
  const parameters = ["server", "--family", String(family), "--addr", address];
  if (port !== undefined) parameters.push("--port", String(port));
  if (workers !== undefined) parameters.push("--workers", String(workers));
  const child = new Child(buildTraffic(), parameters, options);
  const [listening = 0, ...pids] = await readyNumbers(child);
  return {
    target: family === 6 ? `[${address}]:${listening}` : `${address}:${listening}`,
    port: listening,
    pids,
    stop: () => finish<ServerTotals>(child),
    close: () => child.close(),
    [Symbol.asyncDispose]: () => child.close(),
  };
}

/** Opens connections and keeps them open until it is stopped. A process can hold as many as it may have descriptors. */
export async function startHold(options: ClientOptions): Promise<TrafficHold> {
  const child = new Child(buildTraffic(), ["hold", ...clientParameters(options)], options);
  const [open = 0] = await readyNumbers(child);
  return {
    pid: child.pid,
    open,
    send: async (bytes) => {
      child.write(`send ${bytes}\n`);
      return Number((await child.line()).replace("sent ", ""));
    },
    stop: () => finish<ClientTotals>(child),
    close: () => child.close(),
    [Symbol.asyncDispose]: () => child.close(),
  };
}

/** Makes the connections one after the other, or `parallel` at a time, and tells what was counted. */
export function runClient(options: ClientOptions): Promise<ClientTotals> {
  return run(["client", ...clientParameters(options)], options);
}

/** Connections of a few bytes as fast as they go, over 32 source addresses unless told otherwise. */
export function runChurn(options: ClientOptions): Promise<ClientTotals> {
  return run(["churn", ...clientParameters(options)], options);
}

/** Connects to where nobody listens. */
export function runRefused(options: ClientOptions): Promise<FailureTotals> {
  return run(["refused", ...clientParameters(options)], options);
}

/**
 * Connections that end with a reset: by the client one byte before the end of what it announced but after all it
 * sent was acknowledged, by the server when everything was moved.
 */
export function runReset(
  options: ClientOptions & { readonly by?: "client" | "server" },
): Promise<ClientTotals> {
  return run(["reset", "--by", options.by ?? "client", ...clientParameters(options)], options);
}

async function run<Totals>(parameters: readonly string[], options: LaunchOptions): Promise<Totals> {
  const child = new Child(buildTraffic(), parameters, options);
  try {
    return await finish<Totals>(child);
  } finally {
    await child.close();
  }
}

async function finish<Totals>(child: Child): Promise<Totals> {
  child.endInput();
  const totals: Totals = JSON.parse(await child.line());
  await child.exit;
  return totals;
}

async function readyNumbers(child: Child): Promise<number[]> {
  try {
    const [word, ...numbers] = (await child.line()).split(" ");
    if (word !== "ready") throw new Error(`expected ready, got ${word}`);
    return numbers.map(Number);
  } catch (error) {
    await child.close();
    throw error;
  }
}

function clientParameters(options: ClientOptions): string[] {
  const values: Readonly<Record<string, string | number | readonly number[] | undefined>> = {
    "--to": options.to,
    "--connections": options.connections,
    "--parallel": options.parallel,
    "--send-bytes": options.sendBytes,
    "--receive-bytes": options.receiveBytes,
    "--hold": options.holdMs,
    "--seed": options.seed,
    "--first-close": options.firstClose,
    "--sources": options.sources,
  };
  const parameters: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined)
      parameters.push(name, typeof value === "object" ? value.join("-") : String(value));
  }
  if (options.halfClose === true) parameters.push("--half-close");
  if (options.exitFast === true) parameters.push("--exit-fast");
  return parameters;
}
