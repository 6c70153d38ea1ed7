import { connect, type Socket } from "node:net";

/** A socket to a server that answers, and what it has answered so far. */
export interface Speech {
  readonly socket: Socket;
  heard(): string;
  /** Resolves with all that was answered when the server has hung up. */
  readonly over: Promise<string>;
}

/** Says these bytes to a port of this host, whatever they are. */
export function speak(port: number, bytes: string | Buffer, localAddress?: string): Speech {
  let heard = "";
  const socket = connect({ port, host: "127.0.0.1", ...(localAddress !== undefined && { localAddress }) });
  socket
    .on("error", () => {})
    .on("data", (chunk) => {
      heard += chunk.toString("latin1");
    });
  socket.write(bytes);
  return {
    socket,
    heard: () => heard,
    over: new Promise((resolve) => socket.on("close", () => resolve(heard))),
  };
}

/** The head of a request to send snapshots. */
export function headOf(token: string, length: number | "chunked", more: readonly string[] = []): string {
  const framing = length === "chunked" ? "transfer-encoding: chunked" : `content-length: ${length}`;
  const lines = [
    "POST /v1/snapshots HTTP/1.1",
    "host: x",
    `authorization: Bearer ${token}`,
    framing,
    ...more,
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}
