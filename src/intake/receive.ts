import { setImmediate } from "node:timers/promises";
import { NpmonError } from "../error/error.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { FlatSnapshot } from "../store/flatten.ts";
import { flattenLine } from "../store/flatten-line.ts";
import type { Store } from "../store/store.ts";
import type { IntakeReceipt, RejectedLine } from "./contract.ts";
import { Refusal } from "./refusal.ts";
import type { Grant } from "./tokens.ts";
import type { Line } from "./unpack-lines.ts";

/** A message quotes what somebody sent; longer ones are cut. UTF-16 units. */
const MAX_MESSAGE_UNITS = 300;

/** Of one snapshot; a forwarder makes several of more than 5,000. */
const MAX_FLOWS = 20_000;

/** Of so much text at most it is not yet known whether it is kept. */
const PORTION_BYTES = 8 * 1024 * 1024;

/** After so long a disk may have room again, s. */
const RETRY_AFTER_S = 5;

export interface ReceiveOptions {
  readonly store: Store;
  readonly grant: Grant;
  decode(text: string, place: string): Snapshot;
}

/**
 * Keeps the good snapshots of a body and says of every other why it is none. A body that turns out unreadable behind
 * them leaves those before it kept; sent again they are known by their ids.
 * @throws Refusal 400 when no line is a snapshot, 503 when nothing can be kept; what the lines throw
 */
export async function receive(lines: AsyncIterable<Line>, options: ReceiveOptions): Promise<IntakeReceipt> {
  const portion = new Portion(options.store);
  let isReadable = false;
  for await (const { bytes, number } of lines) {
    const read = readLine(bytes, options);
    isReadable ||= read.id !== null;
    if ("snapshot" in read) await portion.add(read.snapshot, bytes.length, number);
    else portion.rejected.push({ line: number, id: read.id, message: tidy(read.message) });
    // others are answered in between
    await setImmediate();
  }
  const { rejected } = portion;
  if (!isReadable) {
    const message =
      rejected[0] === undefined ? "the body is empty" : `line ${rejected[0].line}: ${rejected[0].message}`;
    throw new Refusal(400, "unreadable", message, "The body is one snapshot of npmon.snapshot/1 a line.");
  }
  await portion.keep();
  return { accepted: portion.accepted, duplicate: portion.duplicate, rejected };
}

type ReadLine =
  | { readonly id: string; readonly snapshot: Snapshot | FlatSnapshot }
  | { readonly id: string | null; readonly message: string };

function readLine(bytes: Buffer, { decode, grant }: ReceiveOptions): ReadLine {
  const line = flattenLine(bytes, decode, MAX_FLOWS);
  const text = line === null ? bytes.toString("utf8") : "";
  try {
    const snapshot = line?.snapshot ?? decode(text, "");
    const { id, host, flows } = snapshot;
    if (grant.host !== null && host !== grant.host) {
      return { id, message: "host: the token is another host's" };
    }
    if (flows.length > MAX_FLOWS) return { id, message: `flows: more than ${MAX_FLOWS}` };
    return { id, snapshot: line?.flat ?? snapshot };
  } catch (error) {
    // what no parser was made for, such as text nested too deep, is no snapshot either
    const message = error instanceof NpmonError ? error.message.replace(/^: /, "") : "it cannot be read";
    return { id: idIn(text), message };
  }
}

/**
 * What has become of all. A snapshot goes to the store as soon as it is read, so that its rows need not be held; that
 * several are made durable at once is the store's affair.
 */
class Portion {
  readonly accepted: string[] = [];
  readonly duplicate: string[] = [];
  readonly rejected: RejectedLine[] = [];
  readonly #store: Store;
  #pending: Promise<void>[] = [];
  #bytes = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  async add(snapshot: Snapshot | FlatSnapshot, bytes: number, line: number): Promise<void> {
    const put = this.#put(snapshot, line);
    // looked at in `keep`, which may be a while
    put.catch(() => {});
    this.#pending.push(put);
    this.#bytes += bytes;
    if (this.#bytes >= PORTION_BYTES) await this.keep();
  }

  /** @throws Refusal 503 */
  async keep(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    this.#bytes = 0;
    await Promise.all(pending);
  }

  async #put(snapshot: Snapshot | FlatSnapshot, line: number): Promise<void> {
    try {
      const { accepted, duplicate, refused } = await this.#store.put([snapshot]);
      this.accepted.push(...accepted);
      this.duplicate.push(...duplicate);
      for (const { id, message } of refused) this.#reject(id, message, line);
    } catch (error) {
      if (error instanceof NpmonError) {
        throw new Refusal(503, "busy", error.message, error.remedy, RETRY_AFTER_S, error);
      }
      // one that the store was not made for must not keep the others out for ever
      this.#reject(snapshot.id, "it cannot be kept", line);
    }
  }

  #reject(id: string, message: string, line: number): void {
    this.rejected.push({ line, id, message: tidy(message) });
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
  return message.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?").slice(0, MAX_MESSAGE_UNITS);
}
