import { buildTraffic } from "./build.ts";
import { Child, type LaunchOptions } from "./child.ts";

/** What a call returned: `value` as the system call, or the sum of a loop; `calls` those of the loop that moved something. */
export interface Answer {
  readonly value: number;
  readonly calls: number;
  /** Name of the errno, `ECONNREFUSED`. */
  readonly error: string | null;
  /** Of `accept` and what receives, the other end; of `name`, this one. */
  readonly address: string | null;
}

export interface Moved {
  readonly bytes_sent: number;
  readonly bytes_received: number;
  /** Of UDP, datagrams, as far as one call moves one. */
  readonly packets_sent: number;
  readonly packets_received: number;
}

export interface Ledger extends Moved {
  readonly pid: number;
  readonly peers: readonly (Moved & { readonly peer: string | null })[];
}

export type Word = string | number;
export type SocketKind = "tcp4" | "tcp6" | "mptcp4" | "udp4" | "udp6";

let served = 0;

/** The port of an address as actors write it. */
export function portOf(address: string | null): string {
  const port = address?.split(":").at(-1);
  if (port === undefined) throw new Error("no address");
  return port;
}

/**
 * A process that makes the system calls it is told to, `act("connect", fd, "127.0.0.1:80")`, and counts what they
 * returned. The words are those of the `actor*.c` files beside this one. Ends with `await using`.
 */
export class Actor implements AsyncDisposable {
  readonly pid: number;
  readonly #child: Child;
  readonly #prefix: string;
  readonly #queue: { last: Promise<unknown> };

  private constructor(child: Child, pid: number, prefix: string, queue: { last: Promise<unknown> }) {
    this.#child = child;
    this.pid = pid;
    this.#prefix = prefix;
    this.#queue = queue;
  }

  static async start(options: LaunchOptions = {}): Promise<Actor> {
    const child = new Child(buildTraffic(), ["actor"], options);
    const actor = new Actor(child, child.pid, "", { last: Promise.resolve() });
    try {
      await actor.#expectReady();
      return actor;
    } catch (error) {
      await child.close();
      throw error;
    }
  }

  /** Does what the words say; an error of the call is in the answer. */
  attempt(...words: readonly Word[]): Promise<Answer> {
    return this.#ask<Answer>(words.join(" "));
  }

  /** Does what the words say, which is to succeed, and gives what the call returned. */
  async act(...words: readonly Word[]): Promise<number> {
    const { value, error } = await this.attempt(...words);
    if (error !== null) throw new Error(`${words.join(" ")}: ${error}`);
    return value;
  }

  open(kind: SocketKind): Promise<number> {
    return this.act("socket", kind);
  }

  /** A socket bound to a port of its own choice, as servers do; a TCP one listens. */
  async serve(
    kind: SocketKind,
    host: string,
    backlog = 1024,
  ): Promise<{ readonly fd: number; readonly address: string }> {
    for (;;) {
      // below the ports that the kernel gives away by itself
      const address = `${host}:${10_000 + ((process.pid * 131 + served++) % 20_000)}`;
      const fd = await this.open(kind);
      if (!kind.startsWith("udp")) await this.act("option", fd, "reuseaddr", 1);
      const { error } = await this.attempt("bind", fd, address);
      if (error === null) {
        if (!kind.startsWith("udp")) await this.act("listen", fd, backlog);
        return { fd, address };
      }
      await this.act("close", fd);
      if (error !== "EADDRINUSE") throw new Error(`bind ${address}: ${error}`);
    }
  }

  /** Address that the socket is bound to. */
  async name(fd: number): Promise<string> {
    return (await this.attempt("name", fd)).address ?? "";
  }

  /** A child with the same open sockets and nothing counted yet. It is told what to do through its parent. */
  async fork(): Promise<Actor> {
    const pid = await this.act("fork");
    return new Actor(this.#child, pid, `${this.#prefix}@${pid} `, this.#queue);
  }

  /** The same process, executing anew: sockets and sums stay. */
  async exec(): Promise<void> {
    this.#child.write(`${this.#prefix}exec\n`);
    await this.#expectReady();
  }

  /** What it moved so far. */
  totals(): Promise<Ledger> {
    return this.#ask<Ledger>("totals");
  }

  /** Ends it as a program ends, its sockets open; gives what it had moved. Not for a child. */
  async end(): Promise<Ledger> {
    const totals = await this.totals();
    this.#child.endInput();
    await this.#child.exit;
    return totals;
  }

  /** Ends it with SIGKILL. Not for a child. */
  async close(): Promise<void> {
    if (this.#prefix === "") await this.#child.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #expectReady(): Promise<void> {
    const line = await this.#child.line();
    if (!line.startsWith("ready ")) throw new Error(`expected ready, got ${line}`);
  }

  /** One line at a time: a process and its children share one conversation. */
  #ask<T>(line: string): Promise<T> {
    const asked = this.#queue.last.then(async (): Promise<T> => {
      this.#child.write(`${this.#prefix}${line}\n`);
      return JSON.parse(await this.#child.line());
    });
    this.#queue.last = asked.catch(() => {});
    return asked;
  }
}
