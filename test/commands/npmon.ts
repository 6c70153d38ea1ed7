import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { createServer, connect as openConnection, type Server, type Socket } from "node:net";
import { fileURLToPath } from "node:url";

export const NPMON = fileURLToPath(new URL("../../bin/npmon.js", import.meta.url));

export interface Ended {
  /** Exit code, or the name of the signal that ended it. */
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts npmon as a person would, from the built command. */
export function startNpmon(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return spawn(process.execPath, [NPMON, ...args], { stdio: ["ignore", "pipe", "pipe"], ...options });
}

/** What a started program printed, once it has ended. */
export function ended(child: ChildProcess): Promise<Ended> {
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ status: code ?? signal ?? -1, ...text }));
  });
}

export function npmon(args: readonly string[], options: SpawnOptions = {}): Promise<Ended> {
  return ended(startNpmon(args, options));
}

/** Resolves when the program has said on stderr that its probes are attached. */
export function tracing(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.on("data", (chunk: Buffer | string) => {
      said += chunk;
      if (/^npmon: tracing/m.test(said)) resolve();
    });
    child.on("close", () => reject(new Error(`npmon ended before it traced: ${said}`)));
  });
}

/** A loopback conversation inside this process: an echo server and one client. */
export interface Echo {
  readonly port: number;
  /** Sends `bytes` and resolves when all of them came back. */
  exchange(bytes: number): Promise<void>;
  close(): Promise<void>;
}

export async function startEcho(): Promise<Echo> {
  const server: Server = createServer((socket) => socket.on("error", () => {}).pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const client: Socket = openConnection(port, "127.0.0.1");
  await new Promise((resolve) => client.once("connect", resolve));
  return {
    port,
    exchange: (bytes) =>
      new Promise((resolve) => {
        let back = 0;
        const count = (chunk: Buffer) => {
          back += chunk.length;
          if (back < bytes) return;
          client.off("data", count);
          resolve();
        };
        client.on("data", count);
        client.write(Buffer.alloc(bytes));
      }),
    close: () =>
      new Promise((resolve) => {
        client.end();
        client.on("close", () => server.close(() => resolve()));
      }),
  };
}
