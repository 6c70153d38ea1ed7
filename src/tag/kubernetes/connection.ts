import { open } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { setImmediate } from "node:timers/promises";
import { ApiFault, toFault } from "./api-fault.ts";
import type { ApiEndpoint } from "./endpoint.ts";
import { asObject, parseJson } from "./json-value.ts";

export interface Reading {
  /** Until the answer begins. */
  readonly answerMs: number;
  /** Between two parts of it. */
  readonly idleMs: number;
  /** For all of it. */
  readonly totalMs: number;
}

export interface Taker {
  readonly onBytes: (bytes: Buffer) => void;
  /** The answer has begun, and it is 200. */
  readonly onAnswer?: () => void;
}

/** A connection that is kept between requests. Keeps no process alive. */
export interface Connection {
  /**
   * Hands on the body of a 200 answer as it comes in, a little at a time so that others get their turn.
   * @throws ApiFault for any other answer, and for none
   */
  get(path: string, reading: Reading, take: Taker): Promise<void>;
  close(): void;
}

const MAX_TOKEN_BYTES = 64 * 1024;
const MAX_CA_BYTES = 1024 * 1024;
const MAX_REFUSAL_BYTES = 8 * 1024;
const MAX_RETRY_AFTER_S = 300;
/** Handed on before others get their turn: some twenty pods, one or two milliseconds. */
const BYTES_PER_TURN = 128 * 1024;
const KEEP_ALIVE_MS = 30_000;

/**
 * @param signal - ends whatever is under way
 * @throws ApiFault `credentials` when there is no CA certificate
 */
export async function openConnection(endpoint: ApiEndpoint, signal: AbortSignal): Promise<Connection> {
  const isSecure = endpoint.url.startsWith("https:");
  const ca = isSecure && endpoint.caFile !== null ? await readSmallFile(endpoint.caFile, MAX_CA_BYTES) : null;
  const keepAlive = { keepAlive: true, maxSockets: 2, keepAliveMsecs: KEEP_ALIVE_MS };
  const agent = isSecure
    ? new https.Agent({
        ...keepAlive,
        rejectUnauthorized: !endpoint.insecure,
        ...(ca === null ? {} : { ca }),
      })
    : new http.Agent(keepAlive);
  return {
    async get(path, reading, { onBytes, onAnswer }) {
      const token = isSecure ? await readToken(endpoint) : null;
      const controller = new AbortController();
      const abort = () => controller.abort(new ApiFault("unreachable", "closed"));
      const tooLong = () => controller.abort(new ApiFault("unreachable", "the answer took too long"));
      const total = setTimeout(tooLong, reading.totalMs).unref();
      signal.addEventListener("abort", abort);
      if (signal.aborted) abort();
      try {
        const url = new URL(path, endpoint.url);
        const response = await request(url, agent, token, reading.answerMs, controller.signal);
        if (response.statusCode !== 200) throw await readRefusal(response, reading.idleMs);
        onAnswer?.();
        await readBody(response, reading.idleMs, onBytes);
      } catch (error) {
        throw toFault(controller.signal.aborted ? controller.signal.reason : error);
      } finally {
        clearTimeout(total);
        signal.removeEventListener("abort", abort);
      }
    },
    close: () => agent.destroy(),
  };
}

function request(
  url: URL,
  agent: http.Agent,
  token: string | null,
  answerMs: number,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  const headers = {
    accept: "application/json",
    "accept-encoding": "identity",
    "user-agent": "npmon",
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  return new Promise((resolve, reject) => {
    const { get } = url.protocol === "https:" ? https : http;
    const call = get(url, { agent, headers, signal }, (response) => {
      clearTimeout(timer);
      response.on("error", () => {}); // whoever reads it learns it from the reading
      resolve(response);
    });
    const timer = setTimeout(
      () => call.destroy(new ApiFault("unreachable", `no answer within ${answerMs / 1_000} s`)),
      answerMs,
    ).unref();
    call.on("socket", (socket) => {
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      socket.unref();
    });
    call.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

async function readBody(
  response: http.IncomingMessage,
  idleMs: number,
  onBytes: (bytes: Buffer) => void,
): Promise<void> {
  const timer = setTimeout(
    () => response.destroy(new ApiFault("silent", `nothing came for ${idleMs / 1_000} s`)),
    idleMs,
  ).unref();
  let bytesThisTurn = 0;
  try {
    for await (const bytes of response) {
      timer.refresh();
      onBytes(bytes);
      bytesThisTurn += bytes.length;
      if (bytesThisTurn < BYTES_PER_TURN) continue;
      bytesThisTurn = 0;
      await setImmediate(undefined, { ref: false });
    }
  } finally {
    clearTimeout(timer);
  }
}

/** The API server explains itself in a Status object, the kubelet in a line of text. */
async function readRefusal(response: http.IncomingMessage, idleMs: number): Promise<ApiFault> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    await readBody(response, idleMs, (bytes) => {
      parts.push(bytes);
      length += bytes.length;
      if (length > MAX_REFUSAL_BYTES) response.destroy();
    });
  } catch {} // what was read of it is enough
  const text = Buffer.concat(parts).subarray(0, MAX_REFUSAL_BYTES).toString("utf8");
  const message = asObject(parseJson(text))?.message;
  const said = (typeof message === "string" ? message : text) || `HTTP status ${response.statusCode}`;
  const retryAfterS = Number(response.headers["retry-after"] ?? 0);
  const retryAfterMs = retryAfterS > 0 ? 1_000 * Math.min(retryAfterS, MAX_RETRY_AFTER_S) : 0;
  return statusFault(response.statusCode ?? 0, said, retryAfterMs);
}

/** The fault that an HTTP status, or the `code` of a Status object, stands for. */
export function statusFault(code: number, message: string, retryAfterMs = 0): ApiFault {
  if (code === 401) return new ApiFault("unauthorized", message);
  if (code === 403) return new ApiFault("forbidden", message);
  if (code === 410) return new ApiFault("gone", message);
  if (code === 429 || code >= 500) return new ApiFault("busy", `${code}: ${message}`, retryAfterMs);
  return new ApiFault("nonsense", `${code}: ${message}`);
}

async function readToken({ tokenFile }: ApiEndpoint): Promise<string | null> {
  if (tokenFile === null) return null;
  const token = (await readSmallFile(tokenFile, MAX_TOKEN_BYTES)).trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new ApiFault("credentials", `${tokenFile} holds no token`);
}

async function readSmallFile(path: string, maxBytes: number): Promise<string> {
  try {
    const file = await open(path, "r");
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(maxBytes), 0, maxBytes, 0);
      return buffer.subarray(0, bytesRead).toString("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new ApiFault("credentials", `cannot read ${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
}
