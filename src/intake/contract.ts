/**
 * What passes between a forwarder and an intake.
 *
 * `POST {url}/v1/snapshots` with `authorization: Bearer TOKEN`, `content-type: application/x-ndjson` and
 * `content-encoding: gzip` (or `identity`, or `zstd` where the intake's Node has it); one snapshot of schema
 * `npmon.snapshot/1` a line. The answer to anything that could be read at all is 200 with an {@link IntakeReceipt}.
 *
 * | status | means | what to do |
 * |---|---|---|
 * | 200 | see the receipt: what is accepted or duplicate is durable | forget those; do not send rejected ones again |
 * | 400 | nothing in the body can be read | do not send it again |
 * | 401 | no token | correct the configuration, keep the snapshots |
 * | 403 | a token that is none here, or a host's token with a question | the same |
 * | 413 | larger than the intake takes | send fewer snapshots at once |
 * | 415 | an encoding or type that the intake does not know | use gzip |
 * | 408 | the request came too slowly | send fewer snapshots at once |
 * | 429, 503 | too many requests; too much at once, or no room on the disk | again after `Retry-After` seconds |
 *
 * Whatever is not 200 with JSON says nothing of what was kept: sending again is always right, for ids make it once.
 */

/** A place of the API, behind the intake's URL. */
export const SNAPSHOTS_PATH = "/v1/snapshots";
export { QUERY_PATH } from "../history/history.ts";

export const SNAPSHOTS_TYPE = "application/x-ndjson";

/** The answer 200 to {@link SNAPSHOTS_PATH}. Every line that is not empty is in exactly one list. */
export interface IntakeReceipt {
  /** Ids that are new here, durable before this was said. */
  readonly accepted: readonly string[];
  /** Ids that are here already, from another request or from this one; as durable. */
  readonly duplicate: readonly string[];
  readonly rejected: readonly RejectedLine[];
}

export interface RejectedLine {
  /** Of the body, from 1. */
  readonly line: number;
  /** `null` where the line has none that could be read. */
  readonly id: string | null;
  /** One printable line: where in the snapshot, and why. */
  readonly message: string;
}

/** The JSON of every answer that is not 200. */
export interface IntakeRefusal {
  readonly error: {
    /** Stable: `unauthorized`, `forbidden`, `too_large`, `busy`, `unreadable`, `unsupported`, `not_found`, `usage` … */
    readonly code: string;
    readonly message: string;
    readonly remedy: string;
  };
}
