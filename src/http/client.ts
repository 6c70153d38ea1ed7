/**
 * Stage `http`: one request to an intake, with its token and private authority, bounded in size and time. Used by who
 * sends and by who asks. Never rejects: what went wrong is a value in words for people.
 */
import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { Agent as HttpsAgent, request as requestSecure } from "node:https";
import { readCredentials, type Site } from "./site.ts";

export interface HttpLimits {
  /** Without a byte either way. */
  readonly idleMs: number;
  /** For one request, however busily it trickles. */
  readonly totalMs: number;
  /** Of the answer. */
  readonly maxBytes: number;
}

export interface HttpRequest {
  readonly method: "GET" | "POST";
  /** Behind the site's own path, `/v1/snapshots`. */
  readonly path: string;
  readonly search?: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Buffer;
}

export type HttpAnswer =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: string;
    }
  | {
      readonly kind: "failed";
      readonly why: string;
      /** What only a person can mend: trying again will not help. */
      readonly isLasting: boolean;
      /** `cut`: some of an answer came. `away`: nobody is there. `slow`: somebody is, and took too long. */
      readonly place: "credentials" | "certificate" | "away" | "slow" | "cut" | "too_long";
    };

/** Keeps one connection for all requests. Ends soon after the signal. */
export function createHttpClient(
  site: Site,
  limits: HttpLimits,
): (asked: HttpRequest, signal: AbortSignal) => Promise<HttpAnswer> {
  const isSecure = new URL(site.url).protocol === "https:";
  const agentOptions = { keepAlive: true, maxSockets: 1 };
  const agent = isSecure ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  return async ({ method, path, search = "", headers: own, body }, signal) => {
    const url = new URL(site.url);
    url.pathname = `${url.pathname.replace(/\/+$/, "")}${path}`;
    url.search = search;
    const credentials = await readCredentials(site);
    if (typeof credentials === "string") return fail("credentials", credentials, true);
    const { token, ca } = credentials;
    const headers = {
      ...site.headers,
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...own,
      ...(body !== undefined && { "content-length": body.length }),
    };
    return new Promise<HttpAnswer>((resolve) => {
      const options = { method, headers, agent, signal, timeout: limits.idleMs };
      const sent = isSecure
        ? requestSecure(url, { ...options, ...(ca !== null && { ca }) })
        : request(url, options);
      const give = (answer: HttpAnswer) => {
        clearTimeout(timer);
        resolve(answer);
        sent.destroy();
      };
      const timer = setTimeout(
        () => give(fail("slow", `no answer within ${limits.totalMs / 1000} s`)),
        limits.totalMs,
      );
      sent.on("timeout", () => give(fail("slow", `nothing moved for ${limits.idleMs / 1000} s`)));
      sent.on("error", (error) =>
        give(isUntrusted(error) ? fail("certificate", reasonOf(error), true) : fail("away", reasonOf(error))),
      );
      sent.on("response", (response) =>
        readAnswer(response, limits.maxBytes, (answer, isWhole) => {
          if (!isWhole) return give(answer);
          clearTimeout(timer);
          resolve(answer);
        }),
      );
      sent.end(body);
    });
  };
}

function readAnswer(
  response: IncomingMessage,
  maxBytes: number,
  give: (answer: HttpAnswer, isWhole: boolean) => void,
): void {
  const parts: Buffer[] = [];
  let length = 0;
  response.on("data", (bytes: Buffer) => {
    length += bytes.length;
    if (length > maxBytes) {
      give(fail("too_long", `an answer longer than ${maxBytes / 1024 ** 2} MiB`, true), false);
    } else parts.push(bytes);
  });
  const cut = (why: string) => give(fail("cut", why), false);
  response.on("error", (error) => cut(reasonOf(error)));
  response.on("close", () => {
    if (!response.complete) cut("the connection was cut in the middle of the answer");
  });
  response.on("end", () => {
    const { statusCode: status = 0, headers } = response;
    const body = Buffer.concat(parts).toString("utf8");
    give({ kind: "answered", status, headers, body }, response.complete);
  });
}

type Failed = Extract<HttpAnswer, { kind: "failed" }>;

function fail(place: Failed["place"], why: string, isLasting = false): Failed {
  return { kind: "failed", why, isLasting, place };
}

function isUntrusted(error: Error): boolean {
  return "code" in error && /CERT|SIGN|ISSUER|ALTNAME|SSL/.test(String(error.code));
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
