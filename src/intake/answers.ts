import type { IncomingMessage } from "node:http";
import { NpmonError } from "../error/error.ts";
import { answerQuestion } from "../history/answer.ts";
import type { TagNames } from "../query/tag-names.ts";
import { createSnapshotDecoder } from "../snapshot/decode.ts";
import type { Store } from "../store/store.ts";
import { QUERY_PATH, SNAPSHOTS_PATH } from "./contract.ts";
import { type Health, isDiskFull } from "./health.ts";
import { Inbox } from "./inbox.ts";
import type { Metrics } from "./metrics.ts";
import { createRateLimit } from "./rate-limit.ts";
import { receive } from "./receive.ts";
import { Refusal } from "./refusal.ts";
import type { RefusalLog } from "./refusal-log.ts";
import type { Grant, Tokens } from "./tokens.ts";
import { Turns } from "./turns.ts";
import { unpackLines } from "./unpack-lines.ts";

export interface AnswerOptions {
  readonly store: Store;
  /** Asked for every request. */
  tokens(): Tokens;
  readonly names: TagNames;
  readonly maxRequestBytes: number;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly refusals: RefusalLog;
}

/** Bodies on the wire, in as many times `maxRequestBytes`. */
const INBOX_FACTOR = 4;
/** A body unpacked, and looked into line by line, likewise. */
const UNPACKED_FACTOR = 8;
/** Bodies that are looked into at once; of each a line and a portion are in memory. */
const BODY_PLACES = 2;
const MAX_WAITING_BODIES = 512;
/** The store answers one after another. */
const QUERY_PLACES = 1;
const MAX_WAITING_QUERIES = 32;

const DISK_RETRY_AFTER_S = 5;

const MAX_URL_UNITS = 16 * 1024;

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly retryAfterS?: number | null;
}

type Answer = (request: IncomingMessage, address: string) => Promise<Reply>;

/** What is answered to a request. @throws Refusal; NpmonError `usage` for a question that makes no sense */
export function createAnswers(options: AnswerOptions): Answer {
  const { tokens, metrics, health } = options;
  const limit = createRateLimit();
  const post = createPost(options);
  const ask = createAsk(options);
  return async (request, address) => {
    const target = request.url ?? "/";
    if (target.length > MAX_URL_UNITS) throw new Refusal(414, "too_large", "the address is too long");
    const [path = "", search = ""] = target.split("?", 2);
    const route = `${request.method} ${path}`;
    if (route === "GET /health") return json(200, health.look());
    if (!limit(address, performance.now())) {
      throw new Refusal(429, "busy", "too many requests from this address", "", 1);
    }
    const grant = authorize(request, tokens());
    if (route === `POST ${SNAPSHOTS_PATH}`) return post(request, address, grant);
    if (route !== `GET ${QUERY_PATH}` && route !== "GET /metrics") {
      const there = `POST ${SNAPSHOTS_PATH}, GET ${QUERY_PATH}, GET /health, GET /metrics`;
      throw new Refusal(404, "not_found", "there is nothing at this address", `There is: ${there}.`);
    }
    if (grant.host !== null) {
      const remedy = "Questions take a token that stands alone on its line.";
      throw new Refusal(403, "forbidden", `the token is that of ${grant.host}, which may only send`, remedy);
    }
    if (route === `GET ${QUERY_PATH}`) return ask(new URLSearchParams(search), address);
    return { status: 200, type: metrics.registry.contentType, body: await metrics.registry.metrics() };
  };
}

function createPost({ store, maxRequestBytes, metrics, health, refusals }: AnswerOptions) {
  const decode = createSnapshotDecoder();
  const inbox = new Inbox({ maxBytes: maxRequestBytes, maxTotalBytes: maxRequestBytes * INBOX_FACTOR });
  const turns = new Turns(BODY_PLACES, MAX_WAITING_BODIES);
  const limits = { maxBytes: maxRequestBytes * UNPACKED_FACTOR, maxLineBytes: maxRequestBytes };
  return async (request: IncomingMessage, address: string, grant: Grant): Promise<Reply> => {
    const encoding = (request.headers["content-encoding"] ?? "identity").trim().toLowerCase();
    checkType(request.headers["content-type"]);
    const { bytes, release } = await inbox.collect(request, address);
    try {
      const receipt = await turns.run(address, () => {
        // nobody would hear the answer, and whoever it was sends it again
        if (request.socket.destroyed) throw new Refusal(400, "unreadable", "the sender has gone");
        return receive(unpackLines(bytes, encoding, limits), { decode, store, grant });
      });
      if (receipt.accepted.length > 0) health.worked("keep snapshots");
      for (const outcome of ["accepted", "duplicate", "rejected"] as const) {
        metrics.received.inc({ outcome }, receipt[outcome].length);
      }
      const [first] = receipt.rejected;
      if (first !== undefined) {
        refusals.note(
          address,
          "snapshots rejected",
          `${receipt.rejected.length}, the first: ${first.message}`,
        );
      }
      return json(200, receipt);
    } catch (error) {
      if (error instanceof Refusal && error.cause instanceof NpmonError) {
        health.failed("keep snapshots", error.cause);
      }
      throw error;
    } finally {
      release();
    }
  };
}

/** A form or a page of somebody's browser is not meant for an intake. */
function checkType(type: string | undefined): void {
  const name = type?.split(";")[0]?.trim().toLowerCase();
  if (name === undefined || /^(application\/(x-ndjson|json|octet-stream)|text\/plain)$/.test(name)) return;
  throw new Refusal(415, "unsupported", "this content-type is not known here", "Use application/x-ndjson.");
}

function createAsk({ store, names }: AnswerOptions) {
  const turns = new Turns(QUERY_PLACES, MAX_WAITING_QUERIES);
  return async (search: URLSearchParams, address: string): Promise<Reply> => {
    const number = (name: string) => Number(search.get(name) ?? Number.NaN);
    const step = search.get("step_ms") === null ? undefined : number("step_ms");
    const question = {
      sinceMs: number("since_ms"),
      untilMs: number("until_ms"),
      stepMs: step,
      groupBy: search.get("group_by") ?? "service",
      filter: search.get("filter") ?? "",
    };
    try {
      return json(200, await turns.run(address, () => answerQuestion(store, question, names)));
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      const message = "the disk is full, and what waits has to be written before it is asked";
      throw new Refusal(503, "busy", message, "The disk must have room.", DISK_RETRY_AFTER_S);
    }
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

function json(status: number, value: unknown): Reply {
  return { status, type: "application/json", body: `${JSON.stringify(value)}\n` };
}
