import type { IncomingMessage } from "node:http";
import { Refusal, tooLarge } from "./refusal.ts";

export interface InboxLimits {
  /** Of one body, as it comes over the wire. */
  readonly maxBytes: number;
  /** Of all bodies that are here, also those that wait to be looked into. */
  readonly maxTotalBytes: number;
}

/** A body that is here, as it came over the wire. Must be released. */
export interface Body {
  readonly bytes: Buffer;
  release(): void;
}

interface Held {
  readonly sender: string;
  bytes: number;
  /** `null` once all of it is here. */
  giveUp: ((refusal: Refusal) => void) | null;
}

/** After so long there may be room again, s. */
const RETRY_AFTER_S = 3;

/**
 * Takes bodies in while there is room for them all. A slow sender costs no more than what it has sent so far; when there
 * is no room left, whoever holds most of it gives way with the body that has taken longest, so that nobody's slowness
 * keeps the others out.
 */
export class Inbox {
  readonly #limits: InboxLimits;
  /** The oldest first. */
  readonly #held = new Set<Held>();
  #totalBytes = 0;

  constructor(limits: InboxLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#totalBytes;
  }

  /**
   * @param sender - an address; several bodies of one count together
   * @throws Refusal 413, 503, and 400 for a body that is cut off
   */
  collect(request: IncomingMessage, sender: string): Promise<Body> {
    const { maxBytes } = this.#limits;
    return new Promise((resolve, reject) => {
      if (Number(request.headers["content-length"] ?? 0) > maxBytes) return reject(tooLarge(maxBytes));
      let chunks: Buffer[] = [];
      const take = (chunk: Buffer): void => {
        chunks.push(chunk);
        held.bytes += chunk.length;
        this.#totalBytes += chunk.length;
        if (held.bytes > maxBytes) held.giveUp?.(tooLarge(maxBytes));
        else if (this.#totalBytes > this.#limits.maxTotalBytes) this.#makeRoom();
      };
      const held: Held = {
        sender,
        bytes: 0,
        giveUp: (refusal) => {
          held.giveUp = null;
          chunks = [];
          request.off("data", take).pause();
          this.#release(held);
          reject(refusal);
        },
      };
      this.#held.add(held);
      request.on("data", take);
      request.on("end", () => {
        if (held.giveUp === null) return;
        held.giveUp = null;
        resolve({ bytes: Buffer.concat(chunks), release: () => this.#release(held) });
        chunks = [];
      });
      const cut = (): void => held.giveUp?.(new Refusal(400, "unreadable", "the body is cut off"));
      request.on("error", cut).on("close", cut);
    });
  }

  #release(held: Held): void {
    if (this.#held.delete(held)) this.#totalBytes -= held.bytes;
  }

  #makeRoom(): void {
    const bySender = new Map<string, number>();
    for (const { sender, bytes } of this.#held) bySender.set(sender, (bySender.get(sender) ?? 0) + bytes);
    // what is whole is soon done with, and was acknowledged nowhere: only what still comes can be sent away
    const coming = [...this.#held].filter(({ giveUp }) => giveUp !== null);
    let first: Held | undefined;
    for (const held of coming) {
      const isMore = (bySender.get(held.sender) ?? 0) > (bySender.get(first?.sender ?? "") ?? -1);
      if (first === undefined || isMore) first = held;
    }
    first?.giveUp?.(new Refusal(503, "busy", "too much is being sent at once", "", RETRY_AFTER_S));
  }
}
