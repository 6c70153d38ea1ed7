import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Answers a request in any way, good or bad, by writing to its connection. */
export type Reply = (socket: Socket) => void;

/** What a fake engine does when it is asked for a path; may be changed while it runs. */
export interface Manners {
  version: Reply;
  events: Reply;
  /** @param id - as it stands in the request */
  inspect: (id: string) => Reply;
}

/** A server on a real unix socket that behaves like an engine until it is told not to. */
export interface FakeEngine {
  readonly socket: string;
  readonly manners: Manners;
  /** Paths asked for, the version and the events left out. */
  readonly asked: readonly string[];
  /** Connections open now. */
  readonly connections: number;
  /** The most that were open at the same time. */
  readonly mostConnections: number;
  /** Bytes that the kernel took from us over all connections. */
  readonly bytesWritten: number;
  /** Sends a line to whoever follows the events now. */
  tell(event: object | string): void;
  /** Cuts every connection. */
  cut(): void;
  close(): Promise<void>;
}

export async function openFakeEngine(): Promise<FakeEngine> {
  const folder = mkdtempSync(join(tmpdir(), "npmon-engine-"));
  const path = join(folder, "engine.sock");
  const open = new Set<Socket>();
  const followers = new Set<Socket>();
  const asked: string[] = [];
  let mostConnections = 0;
  let bytesWritten = 0;

  const manners: Manners = {
    version: json({ Version: "99.1.0", ApiVersion: "1.99", Components: [{ Name: "Engine" }] }),
    events: head("Transfer-Encoding: chunked"),
    inspect: (id) => json(container(id)),
  };

  const server = createServer((socket) => {
    open.add(socket);
    mostConnections = Math.max(mostConnections, open.size);
    socket.on("error", () => {});
    socket.on("close", () => {
      bytesWritten += socket.bytesWritten;
      open.delete(socket);
      followers.delete(socket);
    });
    let request = "";
    socket.on("data", function read(bytes) {
      request += bytes.toString("latin1");
      if (!request.includes("\r\n\r\n")) return;
      socket.off("data", read);
      const target = request.split(" ")[1] ?? "";
      if (target === "/version") manners.version(socket);
      else if (target.startsWith("/events?")) {
        followers.add(socket);
        manners.events(socket);
      } else {
        asked.push(target);
        manners.inspect(/^\/containers\/([^/]*)\/json$/.exec(target)?.[1] ?? "")(socket);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));

  return {
    socket: path,
    manners,
    asked,
    get connections() {
      return open.size;
    },
    get mostConnections() {
      return mostConnections;
    },
    get bytesWritten() {
      return bytesWritten;
    },
    tell: (event) => {
      const line = typeof event === "string" ? event : `${JSON.stringify(event)}\n`;
      for (const socket of followers) socket.write(chunk(line));
    },
    cut: () => {
      for (const socket of open) socket.destroy();
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}

/** The nth container's id. */
export function containerId(n: number): string {
  return n.toString(16).padStart(64, "0");
}

/** What a Docker engine answers about a container, as far as npmon reads it. */
export function container(id: string, more: { name?: string; image?: string; labels?: object } = {}): object {
  const { name = `/name-${Number.parseInt(id, 16)}`, image = "image:1", labels = {} } = more;
  return { Id: id, Name: name, Config: { Image: image, Labels: labels } };
}

/** What a Docker engine tells about a container. */
export function event(action: string, id: string, attributes: object = {}): object {
  return { Type: "container", Action: action, Actor: { ID: id, Attributes: attributes } };
}

/** The beginning of a good answer. */
export function head(...headers: readonly string[]): Reply {
  return (socket) => socket.write(["HTTP/1.1 200 OK", ...headers, "", ""].join("\r\n"));
}

export function text(body: string, status = 200): Reply {
  return (socket) => {
    socket.end(`HTTP/1.1 ${status} Some\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
}

export function json(body: unknown): Reply {
  return text(JSON.stringify(body));
}

export function chunk(body: string): string {
  return `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n`;
}

/** Writes this and the connection stays open. */
export function raw(bytes: string): Reply {
  return (socket) => socket.write(bytes);
}

/** Writes `first`, then `again` for as long as anyone reads. */
export function endless(first: string, again: string): Reply {
  return (socket) => {
    socket.write(first);
    const fill = () => {
      while (!socket.destroyed && socket.write(again)) {}
    };
    socket.on("drain", fill);
    fill();
  };
}

/** Writes one byte at a time, slowly, forever. */
export function trickle(first: string): Reply {
  return (socket) => {
    socket.write(first);
    const timer = setInterval(() => socket.write(" "), 10);
    socket.on("close", () => clearInterval(timer));
  };
}
