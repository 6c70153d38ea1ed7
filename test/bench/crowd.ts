import { readFileSync } from "node:fs";
import { startHold, startServer, type TrafficHold, type TrafficServer } from "../traffic/traffic.ts";

/** Descriptors of a process that are not for connections. */
const SPARE = 500;
/** Source addresses; one has some 28,000 ports. */
const SOURCES = 16;

/** Connections of a process, by the limit that it is under. */
function connectionsPerProcess(): number {
  const limit = /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
  return Math.min(Number(limit?.[1] ?? 1024) - SPARE, 50_000);
}

/** Many open loopback connections. Both ends are here, so a connection is two sockets and two flows. */
export class Crowd implements AsyncDisposable {
  readonly #server: TrafficServer;
  readonly #holds: TrafficHold[] = [];

  private constructor(server: TrafficServer) {
    this.#server = server;
  }

  /** @param mostSockets - that it will ever be asked for */
  static async open(mostSockets: number): Promise<Crowd> {
    const workers = Math.ceil(mostSockets / 2 / connectionsPerProcess()) + 1;
    return new Crowd(await startServer({ workers }));
  }

  get sockets(): number {
    return this.#holds.reduce((sum, hold) => sum + 2 * hold.open, 0);
  }

  /** Opens what is missing to this many sockets. Throws when the kernel does not give them. */
  async growTo(sockets: number): Promise<void> {
    const perProcess = connectionsPerProcess();
    while (this.sockets < sockets) {
      const connections = Math.min(perProcess, Math.ceil((sockets - this.sockets) / 2));
      const hold = await startHold({ to: this.#server.target, connections, sources: SOURCES });
      this.#holds.push(hold);
      if (hold.open < connections)
        throw new Error(`only ${this.sockets} of ${sockets} sockets could be opened`);
    }
    await this.#settle();
  }

  /** Makes every socket move: each client sends `bytes`, each server receives them. Returns bytes sent. */
  async send(bytes: number): Promise<number> {
    const sent = await Promise.all(this.#holds.map((hold) => hold.send(bytes)));
    await this.#settle();
    return sent.reduce((sum, one) => sum + one, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#holds.map((hold) => hold.close()));
    await this.#server.close();
  }

  /** Until the servers have read what was sent. */
  async #settle(): Promise<void> {
    await pause(20 + this.sockets / 400);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
