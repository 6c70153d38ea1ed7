/**
 * Stage `intake`: takes snapshots over HTTP, gives them to the store, answers questions about them. `node:http` does it
 * all: there are four paths, and limits on size and time that have to be under one's own hand.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { NpmonError } from "../error/error.ts";
import { answerQuestion } from "../history/answer.ts";
import type { TagNames } from "../query/tag-names.ts";
import { createSnapshotDecoder } from "../snapshot/decode.ts";
import type { Store } from "../store/store.ts";
import { type IntakeRefusal, QUERY_PATH, SNAPSHOTS_PATH } from "./contract.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { createRateLimit } from "./rate-limit.ts";
import { readBody } from "./read-body.ts";
import { receive } from "./receive.ts";
import { Refusal } from "./refusal.ts";
import type { Grant, Tokens } from "./tokens.ts";

export interface IntakeOptions {
  readonly store: Store;
  readonly tokens: Tokens;
  readonly names: TagNames;
  readonly maxRequestBytes: number;
  /** PEM; `null` for HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
}

/** Bodies read at once: each can take as much memory as a body may have unpacked. */
const MAX_BODIES = 8;
const UNPACKED_FACTOR = 8;
const MAX_URL_UNITS = 16 * 1024;

/** Not listening yet. Whoever sends a head or a body too slowly is hung up on. */
export function createIntake(options: IntakeOptions): { readonly server: Server; readonly metrics: Metrics } {
  const metrics = createMetrics(options.store);
  const answer = createAnswers(options, metrics);
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    response.on("error", () => {});
    answer(request)
      .catch((error: unknown) => refusalOf(error))
      .then((reply) => {
        metrics.requests.inc({ status: String(reply.status) });
        send(request, response, reply);
      });
  };
  const limits = {
    maxHeaderSize: 32 * 1024,
    headersTimeout: 10_000,
    requestTimeout: 60_000,
    connectionsCheckingInterval: 2_000,
  };
  const server =
    options.tls === null
      ? createServer(limits, listener)
      : (createTlsServer({ ...limits, ...options.tls }, listener) as unknown as Server);
  server.keepAliveTimeout = 30_000;
  server.maxConnections = 1024;
  return { server, metrics };
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly retryAfterS?: number | null;
}

const json = (status: number, value: unknown): Reply => ({
  status,
  type: "application/json",
  body: `${JSON.stringify(value)}\n`,
});

function createAnswers(
  options: IntakeOptions,
  metrics: Metrics,
): (request: IncomingMessage) => Promise<Reply> {
  const { store, tokens, maxRequestBytes } = options;
  const decode = createSnapshotDecoder();
  const limit = createRateLimit();
  let bodies = 0;
  const post = async (request: IncomingMessage, grant: Grant): Promise<Reply> => {
    if (bodies >= MAX_BODIES) throw new Refusal(503, "busy", "too many requests at once", "", 1);
    bodies++;
    try {
      const maxUnpackedBytes = maxRequestBytes * UNPACKED_FACTOR;
      const body = await readBody(request, { maxBytes: maxRequestBytes, maxUnpackedBytes });
      const receipt = await receive(body, { decode, store, grant });
      for (const outcome of ["accepted", "duplicate", "rejected"] as const) {
        metrics.received.inc({ outcome }, receipt[outcome].length);
      }
      return json(200, receipt);
    } finally {
      bodies--;
    }
  };
  return async (request) => {
    const target = request.url ?? "/";
    if (target.length > MAX_URL_UNITS) throw new Refusal(414, "too_large", "the address is too long");
    const [path = "", search = ""] = target.split("?", 2);
    if (path === "/health" && request.method === "GET") return json(200, { status: "ok" });
    if (!limit(request.socket.remoteAddress ?? "", performance.now())) {
      throw new Refusal(429, "busy", "too many requests from this address", "", 1);
    }
    const grant = authorize(request, tokens);
    const route = `${request.method} ${path}`;
    if (route === `POST ${SNAPSHOTS_PATH}`) return post(request, grant);
    if (route === `GET ${QUERY_PATH}`) return json(200, await ask(new URLSearchParams(search), options));
    if (route === "GET /metrics") {
      return { status: 200, type: metrics.registry.contentType, body: await metrics.registry.metrics() };
    }
    const there = `POST ${SNAPSHOTS_PATH}, GET ${QUERY_PATH}, GET /health, GET /metrics`;
    throw new Refusal(404, "not_found", "there is nothing at this address", `There is: ${there}.`);
  };
}

function authorize(request: IncomingMessage, tokens: Tokens): Grant {
  if (tokens.isEmpty) return { host: null };
  const token = /^bearer ([\x21-\x7e]{1,4096})$/i.exec(request.headers.authorization ?? "")?.[1];
  if (token === undefined) throw new Refusal(401, "unauthorized", "no bearer token was shown");
  const grant = tokens.find(token);
  if (grant === null) throw new Refusal(403, "forbidden", "the token is none of this intake's");
  return grant;
}

async function ask(search: URLSearchParams, { store, names }: IntakeOptions): Promise<unknown> {
  const number = (name: string) => Number(search.get(name) ?? Number.NaN);
  const step = search.get("step_ms") === null ? undefined : number("step_ms");
  const question = {
    sinceMs: number("since_ms"),
    untilMs: number("until_ms"),
    stepMs: step,
    groupBy: search.get("group_by") ?? "service",
    filter: search.get("filter") ?? "",
  };
  return answerQuestion(store, question, names);
}

function refusalOf(error: unknown): Reply {
  const refusal =
    error instanceof Refusal
      ? error
      : error instanceof NpmonError && error.code === "usage"
        ? new Refusal(422, "usage", error.message, error.remedy)
        : new Refusal(500, "internal", error instanceof Error ? error.message : String(error));
  const { status, code, message, remedy, retryAfterS } = refusal;
  return { ...json(status, { error: { code, message, remedy } } satisfies IntakeRefusal), retryAfterS };
}

function send(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  if (response.destroyed) return;
  const isDone = request.complete;
  response.writeHead(reply.status, {
    "content-type": reply.type,
    "content-length": Buffer.byteLength(reply.body),
    "x-content-type-options": "nosniff",
    ...(reply.status === 401 && { "www-authenticate": "Bearer" }),
    ...(reply.retryAfterS != null && { "retry-after": String(reply.retryAfterS) }),
    // what is left of a refused body is not waited for
    ...(!isDone && { connection: "close" }),
  });
  response.end(reply.body, () => {
    if (!isDone) setTimeout(() => request.socket.destroy(), 500).unref();
  });
}
