/**
 * Stage `intake`: takes snapshots over HTTP, gives them to the store, answers questions about them. `node:http` does it
 * all: there are four paths, and limits on size and time that have to be under one's own hand.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { NpmonError } from "../error/error.ts";
import { type AnswerOptions, createAnswers, type Reply } from "./answers.ts";
import type { IntakeRefusal } from "./contract.ts";
import { Refusal } from "./refusal.ts";
import type { RefusalLog } from "./refusal-log.ts";
import type { Tls } from "./tls.ts";

export interface IntakeOptions extends AnswerOptions {
  /** `null` for HTTP. */
  readonly tls: Tls | null;
  readonly refusals: RefusalLog;
  readonly patience?: IntakePatience;
}

/** How long a request may take to come, ms. */
export interface IntakePatience {
  readonly headMs: number;
  /** With its head. */
  readonly wholeMs: number;
}

const PATIENCE: IntakePatience = { headMs: 10_000, wholeMs: 60_000 };
const MAX_CHECK_MS = 2_000;

const MAX_CONNECTIONS = 1024;
/** From one address; a proxy before many hosts is one. */
const MAX_CONNECTIONS_EACH = 256;

/** A client that is still sending can read so long why it was refused, ms. */
const LINGER_MS = 500;

/** Not listening yet. Whoever sends a head or a body too slowly is hung up on. */
export function createIntake(options: IntakeOptions): Server {
  const { metrics, refusals, tls, patience = PATIENCE } = options;
  const answer = createAnswers(options);
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    response.on("error", () => {});
    const address = addressOf(request.socket);
    answer(request, address)
      .catch((error: unknown) => {
        const refusal = refusalOf(error);
        refusals.note(
          address,
          `refused ${refusal.status}`,
          `${request.method} ${request.url}: ${refusal.message}`,
        );
        return replyOf(refusal);
      })
      .then((reply) => {
        metrics.requests.inc({ status: String(reply.status) });
        send(request, response, reply, server.listening);
      })
      .catch(() => request.socket.destroy());
  };
  const limits = {
    maxHeaderSize: 32 * 1024,
    headersTimeout: patience.headMs,
    requestTimeout: patience.wholeMs,
    connectionsCheckingInterval: Math.min(patience.headMs, MAX_CHECK_MS),
  };
  const server =
    tls === null
      ? createServer(limits, listener)
      : (createTlsServer({ ...limits, ...tls }, listener) as unknown as Server);
  server.keepAliveTimeout = 30_000;
  server.maxConnections = MAX_CONNECTIONS;
  boundConnections(server, refusals);
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    const [status, words] = CLIENT_ERRORS[error.code ?? ""] ?? ["400", "Bad Request"];
    if (error.code !== "ECONNRESET") {
      metrics.requests.inc({ status });
      refusals.note(addressOf(socket as Socket), `refused ${status}`, error.message);
    }
    if (!socket.writable) socket.destroy();
    else socket.end(`HTTP/1.1 ${status} ${words}\r\nConnection: close\r\n\r\n`, () => socket.destroy());
  });
  server.on("tlsClientError", (error: Error, socket: Socket) => {
    refusals.note(addressOf(socket), "no TLS", error.message);
  });
  return server;
}

const CLIENT_ERRORS: Readonly<Record<string, readonly [status: string, words: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ["408", "Request Timeout"],
  HPE_HEADER_OVERFLOW: ["431", "Request Header Fields Too Large"],
};

function boundConnections(server: Server, refusals: RefusalLog): void {
  const byAddress = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const address = addressOf(socket);
    const count = (byAddress.get(address) ?? 0) + 1;
    byAddress.set(address, count);
    socket.on("close", () => {
      const left = (byAddress.get(address) ?? 0) - 1;
      if (left > 0) byAddress.set(address, left);
      else byAddress.delete(address);
    });
    if (count <= MAX_CONNECTIONS_EACH) return;
    refusals.note(address, "hung up on", `more than ${MAX_CONNECTIONS_EACH} connections at once`);
    socket.destroy();
  });
  server.on("drop", (from?: { readonly remoteAddress?: string }) => {
    refusals.note(
      from?.remoteAddress ?? "somebody",
      "hung up on",
      `more than ${MAX_CONNECTIONS} connections`,
    );
  });
}

function addressOf(socket: Socket): string {
  return socket.remoteAddress ?? "somebody gone";
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof NpmonError && error.code === "usage") {
    return new Refusal(422, "usage", error.message, error.remedy);
  }
  return new Refusal(500, "internal", error instanceof Error ? error.message : String(error));
}

function replyOf({ status, code, message, remedy, retryAfterS }: Refusal): Reply {
  const body = { error: { code, message, remedy } } satisfies IntakeRefusal;
  return { status, type: "application/json", body: `${JSON.stringify(body)}\n`, retryAfterS };
}

function send(request: IncomingMessage, response: ServerResponse, reply: Reply, isListening: boolean): void {
  if (response.destroyed) return;
  const isDone = request.complete;
  response.writeHead(reply.status, {
    "content-type": reply.type,
    "content-length": Buffer.byteLength(reply.body),
    "x-content-type-options": "nosniff",
    ...(reply.status === 401 && { "www-authenticate": "Bearer" }),
    ...(reply.retryAfterS != null && { "retry-after": String(reply.retryAfterS) }),
    // what is left of a refused body is not waited for
    ...((!isDone || !isListening) && { connection: "close" }),
  });
  if (isDone) {
    response.end(reply.body);
    return;
  }
  // Whole by its length, and not ended: Node would hang up at once, and where bytes wait that nobody reads the answer is lost.
  response.write(reply.body);
  setTimeout(() => request.socket.destroy(), LINGER_MS).unref();
}
