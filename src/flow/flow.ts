import type { Endpoint } from "./endpoint.ts";

export type Protocol = "tcp" | "udp";
export type Family = "ipv4" | "ipv6";

/** `outgoing`: this end connected; `incoming`: this end accepted; `none`: not known, or the protocol has no such thing. */
export type Direction = "outgoing" | "incoming" | "none";

/** What one local socket exchanges with one remote address. The source is the end that measured it. */
export interface Flow {
  readonly protocol: Protocol;
  readonly family: Family;
  readonly direction: Direction;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** The other end of this conversation is measured on this host too, as a flow of its own. */
  readonly bothEndsHere: boolean;
}

export const FAILURE_REASONS = ["refused", "reset", "timed_out", "unreachable", "other"] as const;

/** Why a connection failed, from the socket's error number. */
export type FailureReason = (typeof FAILURE_REASONS)[number];
