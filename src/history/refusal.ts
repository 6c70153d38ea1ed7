import * as z from "zod";
import { NpmonError } from "../error/error.ts";
import type { HttpAnswer } from "../http/client.ts";

const REFUSAL = z.object({
  error: z.object({ code: z.string(), message: z.string(), remedy: z.string() }),
});

const MAX_WORDS = 500;

type Answered = Extract<HttpAnswer, { kind: "answered" }>;

/** What an answer means that is no answer to the question. */
export function refusalOf({ status, headers, body }: Answered, place: string): NpmonError {
  const said = readRefusal(body);
  if (said?.code === "usage") return new NpmonError("usage", said.message, said.remedy);
  const words = said === null ? "" : `: ${said.message}`;
  switch (status) {
    case 401:
      return new NpmonError(
        "intake",
        `${place} wants a token${words}`,
        "--token-file FILE, or npmon.forward.token_file in the configuration, has it.",
      );
    case 403:
      return new NpmonError(
        "intake",
        `${place} does not take this token${words}`,
        said?.remedy || "The token has to be one of the intake's own --token-file.",
      );
    case 414:
    case 431:
      return new NpmonError("usage", `the question is too long for ${place}`, "Make --filter shorter.");
    case 429:
    case 503:
      return new NpmonError("intake", `${place} is busy${words}`, againAfter(headers["retry-after"]));
  }
  if (said !== null && status !== 404) {
    return new NpmonError("intake", `${place} answered ${status}${words}`, said.remedy);
  }
  const location = headers.location === undefined ? "" : `, and points to ${headers.location.slice(0, 200)}`;
  return new NpmonError(
    "intake",
    `what answers at ${place.replace(/^the intake /, "")} is no npmon intake: status ${status} with ${kindOf(headers["content-type"], body)}${location}`,
    "The URL is that of `npmon forward --to`: https://HOST:8474, with a path only where a proxy wants one.",
  );
}

function readRefusal(body: string): { code: string; message: string; remedy: string } | null {
  try {
    const { data } = REFUSAL.safeParse(JSON.parse(body));
    if (data === undefined) return null;
    const { code, message, remedy } = data.error;
    return { code, message: message.slice(0, MAX_WORDS), remedy: remedy.slice(0, MAX_WORDS) };
  } catch {
    return null;
  }
}

function kindOf(type: string | undefined, body: string): string {
  if (body.trim() === "") return "no text";
  if (/html/i.test(type ?? "") || /^\s*<(?:!doctype|html)/i.test(body)) return "an HTML page";
  return /json/i.test(type ?? "") ? "other JSON" : "other text";
}

function againAfter(text: string | undefined): string {
  const seconds = /^\d{1,6}$/.test(text ?? "") ? Number(text) : 1;
  return `Ask again in ${seconds} s.`;
}
