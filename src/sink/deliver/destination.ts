import type { Site } from "../../http/site.ts";

/** Where snapshots are sent. The URL may also be `file:PATH`, or `-` for standard output. */
export type Destination = Site;

/** A snapshot on its way. */
export interface Parcel {
  readonly id: string;
  /** Gzip member that holds one line. */
  readonly member: Buffer;
}

/** What became of some parcels. */
export type Outcome =
  | {
      readonly kind: "answered";
      /** Ids that are safe at the other end. */
      readonly done: ReadonlySet<string>;
      /** Ids that it will never take, with why. */
      readonly refused: ReadonlyMap<string, string>;
    }
  /** One of them can never succeed, or all of them are too much at once. */
  | { readonly kind: "too_much" | "bad"; readonly why: string }
  /** `slow`: what only a person can mend. */
  | {
      readonly kind: "failed";
      readonly why: string;
      readonly slow: boolean;
      readonly retryAfterMs: number | null;
    };

/** Sends parcels one way. Never rejects; ends soon after the signal. */
export type Send = (parcels: readonly Parcel[], signal: AbortSignal) => Promise<Outcome>;

export function fail(why: string, slow = false, retryAfterMs: number | null = null): Outcome {
  return { kind: "failed", why, slow, retryAfterMs };
}

export function acceptAll(parcels: readonly Parcel[]): Outcome {
  return { kind: "answered", done: new Set(parcels.map(({ id }) => id)), refused: new Map() };
}
