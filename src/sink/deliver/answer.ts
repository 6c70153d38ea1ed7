import * as z from "zod";
import { fail, type Outcome, type Parcel } from "./destination.ts";

const ANSWER = z.object({
  accepted: z.array(z.string()),
  duplicate: z.array(z.string()),
  rejected: z.array(
    z.object({ line: z.number().int().nullish(), id: z.string().nullish(), message: z.string() }),
  ),
});

/** The intake's word on each snapshot of a request; what is no such word acknowledges nothing. */
export function decodeAnswer(body: string, parcels: readonly Parcel[]): Outcome {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {}
  const { data } = ANSWER.safeParse(value);
  if (data === undefined) return fail("the answer is not that of an npmon intake", true);
  const sent = new Set(parcels.map(({ id }) => id));
  const done = new Set([...data.accepted, ...data.duplicate].filter((id) => sent.has(id)));
  const refused = new Map<string, string>();
  for (const { id, line, message } of data.rejected) {
    // a line whose id could not be read is known by its number, from 1
    const which = id ?? parcels[(line ?? 0) - 1]?.id;
    if (which !== undefined && sent.has(which) && !done.has(which)) refused.set(which, message.slice(0, 500));
  }
  if (done.size + refused.size === 0) return fail("the intake answered without a word on what it was sent");
  return { kind: "answered", done, refused };
}

const MAX_RETRY_AFTER_MS = 3_600_000;

/** `Retry-After`: seconds, or a date. `null` when it says nothing; an hour at most. */
export function parseRetryAfter(text: string | undefined, wallMs: number): number | null {
  if (text === undefined) return null;
  const ms = /^\d{1,10}$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - wallMs;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS) : null;
}

/** Headers that matter. */
export interface AnswerHeaders {
  readonly date?: string | undefined;
  readonly location?: string | undefined;
  readonly "retry-after"?: string | undefined;
}

/** What a status other than 200 means for what was sent. */
export function outcomeOfStatus(status: number, body: string, headers: AnswerHeaders): Outcome {
  const said = saidIn(body);
  const words = said === "" ? "" : `: ${said}`;
  if (status >= 300 && status < 400) {
    // the token is for this address and no other
    const place = (headers.location ?? "nowhere").slice(0, MAX_SAID_UNITS);
    return fail(`the intake answered ${status} and points to ${place}; give that URL if it is right`, true);
  }
  const why = `the intake answered ${status}${words}`;
  if (status === 413) return { kind: "too_much", why };
  if (status === 400 || status === 422) return { kind: "bad", why };
  const passes = status >= 500 || status === 408 || status === 425 || status === 429;
  // by the clock of who wrote the date, where that is told: one of the two may be set wrong
  const farMs = Date.parse(headers.date ?? "");
  const nowMs = Number.isNaN(farMs) ? Date.now() : farMs;
  return fail(why, !passes, parseRetryAfter(headers["retry-after"], nowMs));
}

const MAX_SAID_UNITS = 200;

const REFUSAL = z.object({ error: z.object({ message: z.string() }) });

/** The message of an intake's error, or what a proxy wrote instead. */
function saidIn(body: string): string {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {}
  const text = REFUSAL.safeParse(value).data?.error.message ?? body;
  return text.trim().slice(0, MAX_SAID_UNITS);
}
