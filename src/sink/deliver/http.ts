import { readFile } from "node:fs/promises";
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { decodeAnswer, outcomeOfStatus } from "./answer.ts";
import { type Destination, fail, type Outcome, type Parcel, type Send } from "./destination.ts";

const MAX_ANSWER_BYTES = 1024 * 1024;

export interface HttpLimits {
  /** Without a byte either way. */
  readonly idleMs: number;
  /** For one request, however busily it trickles. */
  readonly totalMs: number;
}

export const HTTP_LIMITS: HttpLimits = { idleMs: 30_000, totalMs: 180_000 };

/** `POST URL/v1/snapshots`, one request for all parcels. */
export function createHttpSend(destination: Destination, limits: HttpLimits = HTTP_LIMITS): Send {
  const url = new URL(destination.url);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/v1/snapshots`;
  const isSecure = url.protocol === "https:";
  const agentOptions = { keepAlive: true, maxSockets: 1 };
  const agent = isSecure ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  return async (parcels, signal) => {
    const credentials = await readCredentials(destination);
    if (typeof credentials === "string") return fail(credentials, true);
    const { token, ca } = credentials;
    const body = Buffer.concat(parcels.map(({ member }) => member));
    const headers = {
      ...destination.headers,
      ...(token !== null && { authorization: `Bearer ${token}` }),
      "content-type": "application/x-ndjson",
      "content-encoding": "gzip",
      "content-length": body.length,
    };
    return new Promise<Outcome>((resolve) => {
      const options = { method: "POST", headers, agent, signal, timeout: limits.idleMs };
      const request = isSecure
        ? requestHttps(url, { ...options, ...(ca !== null && { ca }) })
        : requestHttp(url, options);
      const give = (outcome: Outcome) => {
        clearTimeout(timer);
        resolve(outcome);
        request.destroy();
      };
      const timer = setTimeout(
        () => give(fail(`no answer within ${limits.totalMs / 1000} s`)),
        limits.totalMs,
      );
      request.on("timeout", () => give(fail(`nothing moved for ${limits.idleMs / 1000} s`)));
      request.on("error", (error) => give(fail(reasonOf(error), isUntrusted(error))));
      request.on("response", (response) =>
        readAnswer(response, parcels, (outcome, isWhole) => {
          if (!isWhole) return give(outcome);
          clearTimeout(timer);
          resolve(outcome);
        }),
      );
      request.end(body);
    });
  };
}

function readAnswer(
  response: IncomingMessage,
  parcels: readonly Parcel[],
  give: (outcome: Outcome, isWhole: boolean) => void,
): void {
  const parts: Buffer[] = [];
  let length = 0;
  response.on("data", (bytes: Buffer) => {
    length += bytes.length;
    if (length > MAX_ANSWER_BYTES) give(fail("an answer longer than 1 MiB", true), false);
    else parts.push(bytes);
  });
  response.on("error", (error) => give(fail(reasonOf(error)), false));
  response.on("close", () => {
    if (!response.complete) give(fail("the connection was cut in the middle of the answer"), false);
  });
  response.on("end", () => {
    const body = Buffer.concat(parts).toString("utf8");
    const { statusCode = 0, headers } = response;
    const outcome =
      statusCode === 200 ? decodeAnswer(body, parcels) : outcomeOfStatus(statusCode, body, headers);
    give(outcome, response.complete);
  });
}

/** A text says what is wrong with them. */
async function readCredentials({
  token,
  tokenFile,
  caFile,
}: Destination): Promise<{ readonly token: string | null; readonly ca: string | null } | string> {
  try {
    const read = tokenFile === null ? token : (await readFile(tokenFile, "utf8")).trim();
    if (read !== null && !/^[\x21-\x7e]{1,4096}$/.test(read)) {
      return `${tokenFile === null ? "the token" : tokenFile} is not one word of plain characters`;
    }
    return { token: read, ca: caFile === null ? null : await readFile(caFile, "utf8") };
  } catch (error) {
    return reasonOf(error);
  }
}

function isUntrusted(error: Error): boolean {
  return "code" in error && /CERT|SIGNED|ISSUER|ALTNAME|SSL/.test(String(error.code));
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
