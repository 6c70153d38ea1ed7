import { setImmediate } from "node:timers/promises";
import { NpmonError } from "../error/error.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { Store } from "../store/store.ts";
import type { IntakeReceipt, RejectedLine } from "./contract.ts";
import { Refusal } from "./refusal.ts";
import type { Grant } from "./tokens.ts";

/** A message quotes what somebody sent; longer ones are cut. UTF-16 units. */
const MAX_MESSAGE_UNITS = 300;

type Decode = (text: string, place: string) => Snapshot;

/**
 * Keeps the good snapshots of a body and says of every other why it is none.
 * @throws Refusal 400 when no line is a snapshot, 503 when nothing can be kept
 */
export async function receive(
  body: Buffer,
  { decode, store, grant }: { readonly decode: Decode; readonly store: Store; readonly grant: Grant },
): Promise<IntakeReceipt> {
  const rejected: RejectedLine[] = [];
  const good: Snapshot[] = [];
  const lineOf = new Map<string, number>();
  let isReadable = false;
  for (const { text, line } of linesOf(body)) {
    try {
      const snapshot = decode(text, "");
      isReadable = true;
      if (grant.host !== null && snapshot.host !== grant.host) {
        rejected.push({ line, id: snapshot.id, message: "host: the token is another host's" });
        continue;
      }
      lineOf.set(snapshot.id, line);
      good.push(snapshot);
    } catch (error) {
      if (!(error instanceof NpmonError)) throw error;
      const id = idIn(text);
      isReadable ||= id !== null;
      rejected.push({ line, id, message: tidy(error.message.replace(/^: /, "")) });
    }
    // others are answered in between
    await setImmediate();
  }
  if (!isReadable) {
    const message = rejected[0] === undefined ? "the body is empty" : `line 1: ${rejected[0].message}`;
    throw new Refusal(400, "unreadable", message, "The body is one snapshot of npmon.snapshot/1 a line.");
  }
  try {
    const { accepted, duplicate, refused } = await store.put(good);
    for (const { id, message } of refused) rejected.push({ line: lineOf.get(id) ?? 0, id, message });
    return { accepted, duplicate, rejected };
  } catch (error) {
    if (!(error instanceof NpmonError)) throw error;
    throw new Refusal(503, "busy", error.message, error.remedy, 5);
  }
}

function* linesOf(body: Buffer): Generator<{ readonly text: string; readonly line: number }> {
  let line = 0;
  for (let start = 0; start < body.length; ) {
    const newline = body.indexOf(10, start);
    const end = newline < 0 ? body.length : newline;
    line++;
    const text = body.toString("utf8", start, end);
    if (text.trim() !== "") yield { text, line };
    start = end + 1;
  }
}

function idIn(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    const id = typeof value === "object" && value !== null && "id" in value ? value.id : null;
    return typeof id === "string" && /^[0-9a-f-]{36}$/i.test(id) ? id : null;
  } catch {
    return null;
  }
}

function tidy(message: string): string {
  return message.replaceAll(/\p{Cc}/gu, "?").slice(0, MAX_MESSAGE_UNITS);
}
