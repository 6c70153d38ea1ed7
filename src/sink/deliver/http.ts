import { createHttpClient, type HttpLimits } from "../../http/client.ts";
import { decodeAnswer, outcomeOfStatus } from "./answer.ts";
import { type Destination, fail, type Send } from "./destination.ts";

export const HTTP_LIMITS: HttpLimits = { idleMs: 30_000, totalMs: 180_000, maxBytes: 1024 * 1024 };

/** `POST URL/v1/snapshots`, one request for all parcels. */
export function createHttpSend(destination: Destination, limits: HttpLimits = HTTP_LIMITS): Send {
  const request = createHttpClient(destination, limits);
  return async (parcels, signal) => {
    const headers = { "content-type": "application/x-ndjson", "content-encoding": "gzip" };
    const body = Buffer.concat(parcels.map(({ member }) => member));
    const answer = await request({ method: "POST", path: "/v1/snapshots", headers, body }, signal);
    if (answer.kind === "failed") return fail(answer.why, answer.isLasting);
    if (answer.status === 200) return decodeAnswer(answer.body, parcels);
    return outcomeOfStatus(answer.status, answer.body, answer.headers);
  };
}
